import { setTimeout as sleep } from "node:timers/promises";
import { asError } from "@muxi/http";
import type { Logger } from "pino";
import type { Hints, HintTopic } from "../database/index.ts";
import type { Connection } from "./connection.ts";

const channel = "muxi";
/** Milliseconds before a lost connection is opened again. */
const reconnectAfter = 1_000;
/** How often the connection is asked for a sign of life, and how long that may take, in milliseconds. */
const askEvery = 5_000;
const patience = 2_000;

/** Connection errors contain the whole connection, which is not for the log. */
const reasonOf = (error: unknown) => asError(error).message;

export interface HintDeps {
  connect: () => Promise<Connection>;
  send: (text: string, values: string[]) => Promise<unknown>;
  log: Pick<Logger, "warn">;
}

/** Hints through LISTEN and NOTIFY, on a connection of its own that is reopened whenever it is lost. */
export const createHints = ({ connect, send, log }: HintDeps): Hints & { close(): Promise<void> } => {
  const listeners = new Map<string, () => void>();
  const closing = new AbortController();
  let current: Connection | undefined;
  let keeping: Promise<void> | undefined;

  const ask = async (connection: Connection, text: string) => {
    const timer = setTimeout(() => connection.destroy("the connection was silent"), patience);
    try {
      await connection.query(text);
    } finally {
      clearTimeout(timer);
    }
  };

  const listenOnce = async () => {
    const connection = await connect();
    current = connection;
    try {
      if (closing.signal.aborted) return;
      connection.onNotification((payload) => listeners.get(payload)?.());
      await ask(connection, `listen ${channel}`);
      // Hints that were missed meanwhile: the tables have the news.
      for (const listener of listeners.values()) listener();
      for (;;) {
        // Rejects early when the connection breaks.
        await sleep(askEvery, undefined, { signal: connection.lost });
        await ask(connection, "select 1");
      }
    } finally {
      await connection.close();
    }
  };

  const keep = async () => {
    while (!closing.signal.aborted) {
      try {
        await listenOnce();
      } catch (error) {
        if (closing.signal.aborted) return;
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
      await current?.close();
      await keeping;
    },
  };
};
