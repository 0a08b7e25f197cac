import { setTimeout as sleep } from "node:timers/promises";
import { asError } from "@muxi/http";
import type { Logger } from "pino";
import * as z from "zod";
import type { Connection } from "./connection.ts";
import type { HintRows } from "./hint-rows.ts";
import { type HintCarrier, hintSchema } from "./hints.ts";

const channel = "muxi";
/** Milliseconds before a lost connection is opened again. */
const reconnectAfter = 1_000;
/** How often the connection is asked for a sign of life, and how long that may take, in milliseconds. */
const askEvery = 5_000;
const patience = 2_000;
/** Most bytes of a notification: Postgres takes fewer than 8,000. */
const mostBytes = 7_999;

/** A hint, or the number of the row that has it since it is too long for a notification. */
const payloadSchema = z.union([z.number(), hintSchema]);

export interface NotificationDeps {
  connect: () => Promise<Connection>;
  send: (text: string, values: string[]) => Promise<unknown>;
  rows: Pick<HintRows, "add" | "get">;
  log: Pick<Logger, "warn">;
}

/** Hints through LISTEN and NOTIFY, on a connection of its own that is reopened whenever it is lost. */
export const createNotifications = ({ connect, send, rows, log }: NotificationDeps): HintCarrier => {
  const closing = new AbortController();
  let current: Connection | undefined;
  let keeping: Promise<void> | undefined;

  const warn = (error: unknown) =>
    log.warn(
      // Connection errors contain the whole connection, which is not for the log.
      { reason: asError(error).message },
      "changes of other processes are seen later: the database does not tell of them",
    );

  const ask = async (connection: Connection, text: string) => {
    const timer = setTimeout(() => connection.destroy("the connection was silent"), patience);
    try {
      await connection.query(text);
    } finally {
      clearTimeout(timer);
    }
  };

  const keep = async (...[receive, missed]: Parameters<HintCarrier["listen"]>) => {
    const read = async (text: string) => {
      const payload = payloadSchema.parse(JSON.parse(text));
      const hint = typeof payload === "number" ? await rows.get(payload) : payload;
      if (hint) receive(hint);
    };

    const listenOnce = async () => {
      const connection = await connect();
      current = connection;
      try {
        if (closing.signal.aborted) return;
        connection.onNotification((text) => void read(text).catch(warn));
        await ask(connection, `listen ${channel}`);
        missed();
        for (;;) {
          // Rejects early when the connection breaks.
          await sleep(askEvery, undefined, { signal: connection.lost });
          await ask(connection, "select 1");
        }
      } finally {
        await connection.close();
      }
    };

    while (!closing.signal.aborted) {
      try {
        await listenOnce();
      } catch (error) {
        if (closing.signal.aborted) return;
        warn(error);
      }
      // Rejects early when the database is closed.
      await sleep(reconnectAfter, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  };

  return {
    async send(hint) {
      const whole = JSON.stringify(hint);
      const payload = Buffer.byteLength(whole) <= mostBytes ? whole : JSON.stringify(await rows.add(hint));
      await send("select pg_notify($1, $2)", [channel, payload]);
    },
    listen(receive, missed) {
      keeping ??= keep(receive, missed);
    },
    async close() {
      closing.abort();
      await current?.close();
      await keeping;
    },
  };
};
