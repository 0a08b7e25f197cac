import type { Logger } from "pino";
import { sql } from "../database/index.ts";
import type { Connection } from "./connection.ts";
import { dialect } from "./dialect.ts";
import { isFromServer, isPassing } from "./errors.ts";
import { numberedOnce } from "./parameters.ts";
import { createPool, type Pool } from "./pool.ts";
import type { StatementSettings } from "./statement-settings.ts";

const connections = 20;
/** Most milliseconds for a connection. */
export const connectTimeout = 3_000;
/** Milliseconds after which a connection that nobody uses is closed. */
const idleTime = 10_000;
/** Milliseconds for which a connection need not be asked whether it is alive: under load none is. */
const trustedFor = 100;
/** Most milliseconds for its sign of life. */
const signOfLife = 1_000;

/** Milliseconds for a read on the reserve connection: in them, one that was cut off is noticed and replaced. */
export const reserveLimit = 1_400;
const reserveConnectTimeout = 1_200;
const reserveSignOfLife = 300;

/** Whether a connection can be used after work that failed so. */
export const survives = (error: unknown): boolean => isFromServer(error) && !isPassing(error);

/**
 * The connections of a formation (docs/decisions/postgres-pool.md): those for its work, and a reserve that is there
 * when all of them wait, for checks of health and questions about the others.
 *
 * @param deps.limit Most milliseconds for a call.
 */
export const openPools = (deps: {
  connect: (timeout: number) => Promise<Connection>;
  settings: Pick<StatementSettings, "opening" | "always">;
  limit: number;
  log: Pick<Logger, "warn">;
}): { pool: Pool<Connection>; reservePool: Pool<Connection> } => {
  const { connect, settings, limit, log } = deps;

  const reservePool = createPool({
    open: () => connect(reserveConnectTimeout),
    // Checks of health, and questions about other connections.
    max: 2,
    trustedFor: 0,
    signOfLife: reserveSignOfLife,
    idleTime: Number.POSITIVE_INFINITY,
    findForgotten: async () => [],
    survives,
    log,
  });

  const findForgotten = async (silent: readonly Connection[]) => {
    // A pooler has invented the numbers.
    if (settings.always) return [];
    const numbers = silent.map(({ serverProcess }) => serverProcess);
    const statement = numberedOnce(sql`select pid from pg_stat_activity
      where pid ${dialect.isOneOf(numbers)} and state in ('idle', 'idle in transaction')`);
    const until = performance.now() + reserveLimit;
    const { rows } = await reservePool.use((reserve) => reserve.query<{ pid: number }>(statement), until);
    const idle = new Set(rows.map(({ pid }) => pid));
    return silent.filter(({ serverProcess }) => idle.has(serverProcess));
  };

  const openForWork = async (): Promise<Connection> => {
    // One that a cut has caught must not take all the time of a call that comes after it.
    const connection = await connect(Math.min(connectTimeout, limit / 2));
    // Not waited for: it is answered before the work that is sent behind it.
    if (settings.opening !== undefined) {
      connection
        .query(settings.opening)
        .catch(() => connection.destroy("a connection could not be prepared"));
    }
    return connection;
  };

  const pool = createPool({
    open: openForWork,
    max: connections,
    trustedFor,
    signOfLife: Math.min(signOfLife, limit / 4),
    idleTime,
    findForgotten,
    survives,
    log,
  });
  return { pool, reservePool };
};
