import { createWorker, type Worker } from "../base/index.ts";
import { isInTime } from "./clarification.ts";
import type { OverlordParts } from "./parts.ts";

/** How often to look, in milliseconds. */
const pollEvery = 5_000;
const pauseAfterFailure = 1_000;
/** Requests that are read at once. */
const atOnce = 100;

/** Ends requests whose users did not answer in time (docs/spec/formation-api.md "Answering a request"). */
export const createExpiry = ({
  formationId,
  endings,
  store: { requests },
  telemetry: { log },
  clock: { now },
}: Pick<OverlordParts, "formationId" | "endings" | "store" | "telemetry" | "clock">): Worker =>
  createWorker({
    what: "ending requests that nobody answers",
    async look(signal) {
      for (const request of await requests.overdue(formationId, now(), atOnce)) {
        if (signal.aborted) return undefined;
        await isInTime({ formationId, requests, endings, now }, request);
      }
      return undefined;
    },
    every: pollEvery,
    pauseAfterFailure,
    log,
  });
