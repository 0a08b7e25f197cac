import { Socket } from "node:net";
import { asError } from "@muxi/http";
import type { Logger } from "pino";
import { codeOf, isFromServer } from "./errors.ts";
import type { Value } from "./parameters.ts";
import type { PooledConnection } from "./pool.ts";

/** A statement with its parameters; one with a name is kept prepared. */
export interface Query {
  text: string;
  values?: Value[];
  name?: string;
}

export interface Answer<Row> {
  rows: Row[];
  rowCount: number | null;
}

/** A connection to Postgres. Statements may be sent before earlier ones are answered; answers come in order. */
export interface Connection extends PooledConnection {
  /** The number of the server's process that answers; behind a pooler an invented one. */
  readonly serverProcess: number;
  query<Row extends object>(query: string | Query): Promise<Answer<Row>>;
  /** Is told the payload of each notification. */
  onNotification(listener: (payload: string) => void): void;
}

export interface ConnectionSettings {
  /** Parameters that the server is told when a connection is opened. */
  startup: Readonly<Record<string, number>>;
  log: Pick<Logger, "warn">;
}

/** Milliseconds without traffic after which the system looks whether the other end is still there. */
const keepAliveAfter = 10_000;
/** Milliseconds that the server has for closing a connection. */
const farewell = 1_000;

/** What opens connections: the only part that knows the driver. */
export const createConnector = async (
  connectionString: string,
  { startup, log }: ConnectionSettings,
): Promise<(timeout: number) => Promise<Connection>> => {
  // Loaded only when needed: SQLite is the default.
  const { default: pg } = await import("pg");
  const types = {
    getTypeParser: (oid: number, format?: "text" | "binary") =>
      oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format),
  };

  return async (timeout) => {
    const socket = new Socket();
    const lost = new AbortController();
    const client = new pg.Client({
      connectionString,
      stream: () => socket,
      keepAlive: true,
      keepAliveInitialDelayMillis: keepAliveAfter,
      connectionTimeoutMillis: timeout,
      pipeline: true,
      ...startup,
      types,
    });
    client.on("error", ({ message }) => {
      if (!lost.signal.aborted) log.warn({ reason: message }, "a connection to Postgres broke");
      lost.abort();
    });
    client.on("end", () => lost.abort());
    try {
      await client.connect();
    } catch (error) {
      socket.destroy();
      if (isFromServer(error)) throw error;
      throw new Error(`no connection: ${asError(error).message || codeOf(error)}`, { cause: error });
    }

    let isHolding = false;
    /** Sends what is asked in one turn of the event loop with one call of the system. */
    const hold = () => {
      if (isHolding) return;
      isHolding = true;
      socket.cork();
      process.nextTick(() => {
        isHolding = false;
        socket.uncork();
      });
    };

    return {
      get received() {
        return socket.bytesRead;
      },
      lost: lost.signal,
      // The types of the driver lack it.
      serverProcess: "processID" in client ? Number(client.processID) : 0,
      query(query) {
        hold();
        return client.query(query);
      },
      // When it fails, the connection is lost, and with it what was sent behind.
      ping: () => void client.query("").catch(() => undefined),
      onNotification(listener) {
        client.on("notification", ({ payload = "" }) => listener(payload));
      },
      destroy(reason) {
        lost.abort();
        socket.destroy(new Error(reason));
      },
      async close() {
        lost.abort();
        // The server is told, and takes its leave; a silent one is not waited for.
        const timer = setTimeout(() => socket.destroy(), farewell);
        await client.end();
        clearTimeout(timer);
      },
    };
  };
};
