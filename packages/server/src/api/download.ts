import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import * as z from "zod";
import { layoutFor, type Releases, requireDeployment } from "../releases/index.ts";
import type { Handler } from "./handler.ts";
import { formationIdOf, parseInput } from "./parse.ts";

const querySchema = z.object({ db: z.enum(["true", "1", "false", "0"]).default("false") });

/** `GET /rpc/formations/{id}/download` (docs/spec/server-api.md "Download"). */
export const createDownloadHandler =
  (releases: Releases): Handler =>
  async (request, reply) => {
    const id = formationIdOf(request);
    requireDeployment(releases, id);
    const { db } = parseInput(querySchema, request.query);
    const copy = join(releases.settings.temporaryDirectory, `${randomUUID()}.db`);
    const archive = async function* () {
      try {
        yield* releases.reader.archive({
          kind: "archive",
          release: layoutFor(releases, id).current,
          copyTo: db === "true" || db === "1" ? copy : undefined,
        });
      } finally {
        await rm(copy, { force: true });
      }
    };
    // Before the headers are sent, so that a failure gets a response of its own.
    const chunks = archive();
    const first = await chunks.next();
    const body = async function* () {
      if (!first.done) yield first.value;
      yield* chunks;
    };
    return reply
      .type("application/zip")
      .header("content-disposition", `attachment; filename="${id}.zip"`)
      .send(Readable.from(body()));
  };
