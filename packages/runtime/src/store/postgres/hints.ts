import { setTimeout as sleep } from "node:timers/promises";
import { asError } from "@muxi/http";
import type { Client } from "pg";
import type { Logger } from "pino";
import type { Hints, HintTopic } from "../database/index.ts";

const channel = "muxi";
/** Milliseconds before a lost connection is opened again. */
const reconnectAfter = 1_000;

/** Connection errors contain the whole connection, which is not for the log. */
const reasonOf = (error: unknown) => asError(error).message;

export interface HintDeps {
  connect: () => Promise<Client>;
  send: (text: string, values: string[]) => Promise<unknown>;
  log: Pick<Logger, "warn">;
}

/** Hints through LISTEN and NOTIFY, on a connection of its own that is reopened whenever it is lost. */
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
    // Hints that were missed meanwhile: the tables have the news.
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
      // Rejects early when the database is closed.
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
