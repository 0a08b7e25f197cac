import { setTimeout as sleep } from "node:timers/promises";
import { asError } from "@muxi/http";
import type { Client } from "pg";
import type { Logger } from "pino";
import type { Hints, HintTopic } from "../database/index.ts";

const channel = "muxi";
/** Pause before a connection that broke is made again, in milliseconds. */
const reconnectAfter = 1_000;

/** Errors of connections carry the whole connection. */
const reasonOf = (error: unknown) => asError(error).message;

export interface HintDeps {
  connect: () => Promise<Client>;
  send: (text: string, values: string[]) => Promise<unknown>;
  log: Pick<Logger, "warn">;
}

/** Hints through LISTEN and NOTIFY, on a connection of its own that is made again whenever it breaks. */
export const createHints = ({ connect, send, log }: HintDeps): Hints & { close(): Promise<void> } => {
  const listeners = new Map<string, () => void>();
  const closing = new AbortController();
  let current: Client | undefined;
  let keeping: Promise<void> | undefined;

  const listenOnce = async () => {
    const client = await connect();
    if (closing.signal.aborted) return client.end();
    const broken = new Promise<void>((resolve) => {
      client.once("end", resolve);
      client.on("error", () => resolve());
    });
    client.on("notification", ({ payload = "" }) => listeners.get(payload)?.());
    current = client;
    await client.query(`listen ${channel}`);
    // What was said while nobody listened is in the tables.
    for (const listener of listeners.values()) listener();
    await broken;
  };

  const keep = async () => {
    while (!closing.signal.aborted) {
      try {
        await listenOnce();
      } catch (error) {
        log.warn(
          { reason: reasonOf(error) },
          "changes of other processes are seen later: the database does not tell of them",
        );
      }
      // Ends early, with an error that says no more, when all is closed.
      await sleep(reconnectAfter, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  };

  return {
    send(topic) {
      send("select pg_notify($1, $2)", [channel, topic]).catch((error) =>
        log.warn({ reason: reasonOf(error), topic }, "other processes could not be told at once"),
      );
    },
    listen(topic: HintTopic, listener) {
      listeners.set(topic, listener);
      keeping ??= keep();
    },
    async close() {
      closing.abort();
      await current?.end();
      await keeping;
    },
  };
};
