import { modelMessage } from "../attachments/index.ts";
import { EventLog } from "../events/index.ts";
import { noUsage } from "../models/index.ts";
import type { StoredRequest } from "../store/index.ts";
import { type ActiveRequest, persistently, toBackground } from "./active-request.ts";
import type { OverlordParts } from "./parts.ts";
import type { Prepared } from "./prepare.ts";
import { turnOf } from "./turn.ts";

/** A message that an agent has read while it was at work, as the journal keeps it. */
interface Heard {
  requestId: string;
  text: string;
}

/** What the user says meanwhile, for the agent that answers (docs/spec/formation-api.md "Queued messages"). */
export type Steering = (active: ActiveRequest, prepared: Prepared, round: number) => Promise<string[]>;

/** What the agent reads of a message; undefined of one that it cannot be told, which is answered in its turn. */
const textFor = (request: StoredRequest): string | undefined => {
  const { onBusy, message, attachments } = turnOf(request);
  if (onBusy !== "steer") return undefined;
  const content = attachments ? modelMessage(message, attachments) : message;
  return typeof content === "string" ? content : undefined;
};

/**
 * A message is either in the journal of the request whose agent reads it, or in the queue: it passes from one to the
 * other in one transaction. So the request has to be one that keeps a journal.
 */
export const createSteering = (
  parts: Pick<
    OverlordParts,
    "formationId" | "settings" | "store" | "runs" | "queue" | "endings" | "telemetry" | "clock"
  >,
): Steering => {
  const { formationId, settings, queue } = parts;
  const { requests } = parts.store;
  const { now } = parts.clock;

  /** The end of a message's own request. */
  const endOf = ({ id, sessionId, userId, webhookUrl }: StoredRequest, by: string, prepared: Prepared) => {
    const at = now();
    const ids = { session_id: sessionId, request_id: id };
    const { agent, model } = prepared;
    const metadata = { citations: [], answered_by: by };
    const log = new EventLog();
    log.append({ type: "progress", ...ids, user_id: userId, stage: "steered", timestamp: at / 1000 });
    const done = {
      type: "done",
      ...ids,
      finish_reason: "other",
      model: model.id,
      agent_id: agent.id,
      usage: noUsage,
      metadata,
      finished: true,
    } as const;
    const times = { startedAt: at, endedAt: at };
    return {
      ending: { log: log.serialize(done), now: at, agentId: agent.id, model: model.id },
      also: parts.endings(
        {
          requestId: id,
          userId,
          webhookUrl,
          mode: "async",
          ...times,
          status: "completed",
          text: "",
          metadata,
        },
        "chat",
      ),
    };
  };

  /** Takes the first message out of the queue. One that changes meanwhile is looked at again before the next round. */
  const take = async (active: ActiveRequest, prepared: Prepared, key: string): Promise<Heard | undefined> => {
    const { run, owner } = active;
    const { requestId, sessionId } = run.identity;
    const queued = await requests.queued(owner, sessionId);
    const request = queued.find((message) => textFor(message) !== undefined);
    if (!request) return undefined;
    const heard = { requestId: request.id, text: textFor(request) ?? "" };
    if (!active.isAsync) await toBackground(parts, active, active.webhookUrl);
    const { ending, also } = endOf(request, requestId, prepared);
    const isTaken = await persistently(parts, active, async () => {
      const by = { formationId, id: requestId, leaseOwner: queue.lease().owner };
      const step = [key, JSON.stringify(heard)] as const;
      // The reply to the write may have been lost.
      return (
        (await requests.takeQueued(request, { ...by, step }, ending, also)) ||
        (await requests.steps(formationId, requestId)).has(key)
      );
    });
    if (isTaken) return heard;
    run.isSteered = true;
    return undefined;
  };

  return async (active, prepared, round) => {
    const { run, journal } = active;
    const isAsked = run.isSteered && !journal.has(`round:${round}`);
    if (isAsked) run.isSteered = false;
    const texts: string[] = [];
    for (;;) {
      const key = `steered:${round}:${texts.length}`;
      const isKnown = journal.has(key);
      const taken = isAsked && !isKnown ? await take(active, prepared, key) : undefined;
      if (!isKnown && !taken) return texts;
      const heard = await journal.step(key, async () => taken);
      if (!heard) return texts;
      active.heard.add(heard.requestId);
      texts.push(heard.text);
      if (!taken) continue;
      const { requestId, sessionId, userId } = run.identity;
      parts.telemetry.observe({
        event: "request.steered",
        level: "info",
        ...run.identity,
        requestId: heard.requestId,
        agentId: prepared.agent.id,
        data: { answered_by: requestId },
      });
      if (!settings.progress) continue;
      const ids = { session_id: sessionId, request_id: requestId, user_id: userId };
      run.log.append({ type: "progress", ...ids, stage: "steered", timestamp: now() / 1000 });
    }
  };
};
