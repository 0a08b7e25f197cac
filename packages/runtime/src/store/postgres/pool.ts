import type { Logger } from "pino";

/** A connection as the pool sees it, whatever driver has made it. */
export interface PooledConnection {
  /** Number of bytes that came from the server. While an answer is due and it does not change, the server is silent. */
  readonly received: number;
  /** Aborted when the connection has broken or was closed by either side. */
  readonly lost: AbortSignal;
  /** Sends what the server answers at once. */
  ping(): void;
  /** Breaks the connection without a word to the server; what waits for an answer fails for that reason. */
  destroy(reason: string): void;
  close(): Promise<void>;
}

export interface PoolOptions<Connection> {
  open(): Promise<Connection>;
  /** Most connections, not counting those that are silent or slow to open: for each of them there may be another one. */
  max: number;
  /** Milliseconds after its last use from which a connection is asked for a sign of life before it is used again. */
  trustedFor: number;
  /** Milliseconds that it has for that, and that one has for being opened before another is opened beside it. */
  signOfLife: number;
  /** Milliseconds after which a connection that nobody uses is closed. */
  idleTime: number;
  /**
   * Finds out on which of these connections, all of them silent, the server has nothing to do: what was sent, or what
   * was answered, got lost.
   */
  findForgotten(connections: readonly Connection[]): Promise<readonly Connection[]>;
  /** Whether a connection can still be used after work that failed so. */
  survives(error: unknown): boolean;
  log: Pick<Logger, "warn">;
}

/** Connections that are opened when needed, used by one caller at a time, and dropped when the server is silent. */
export interface Pool<Connection> {
  /**
   * Does work on a connection.
   *
   * @param until Time of `performance.now()`. Until then a connection must be free, and as long as there was left then
   * the server may be silent.
   */
  use<Result>(work: (connection: Connection) => Promise<Result>, until: number): Promise<Result>;
  /** Waits for the work under way, then closes all connections. */
  close(): Promise<void>;
}

/**
 * Milliseconds between two looks at the connections. Silence is counted in looks, so that no connection is blamed for
 * an event loop that was blocked or a process that was suspended.
 */
const lookEvery = 100;
/** By these milliseconds the server may be late with its own error about a statement that takes too long. */
const grace = 200;
/** Milliseconds of silence after which the server is asked whether it has forgotten a connection, and how often. */
const doubtAfter = 500;
/** Milliseconds of silence after which another connection may be opened in the place of one. */
const overdueAfter = 2_000;

interface Member<Connection> {
  connection: Connection;
  /** When it last proved to be alive, and when it was last taken. */
  heardAt: number;
  takenAt: number;
  /** Milliseconds that whoever has taken it can wait. */
  patience: number;
  /** Whether it is known to be alive, or has yet to give a sign of life. */
  isTrusted: boolean;
  received: number;
  silentFor: number;
  /** Whether the server has said once that it has nothing to do here: its answer may still be on the way. */
  isDoubted: boolean;
}

interface Waiter<Connection> {
  since: number;
  until: number;
  resolve(member: Member<Connection>): void;
  reject(error: unknown): void;
}

export const createPool = <Connection extends PooledConnection>(
  options: PoolOptions<Connection>,
): Pool<Connection> => {
  const { open, max, trustedFor, signOfLife, idleTime, findForgotten, survives, log } = options;
  let idle: Member<Connection>[] = [];
  let waiting: Waiter<Connection>[] = [];
  const busy = new Set<Member<Connection>>();
  const opening = new Set<{ since: number }>();
  let doubtedAt = 0;
  let looking: NodeJS.Timeout | undefined;
  let closed: (() => void) | undefined;

  /** Connections that are being opened and may well succeed: others may have been caught by a cut that is over. */
  const promising = (): number => {
    const now = performance.now();
    return [...opening].filter(({ since }) => now - since < signOfLife).length;
  };

  const mayOpen = (): boolean => {
    const taken = busy.size + opening.size;
    if (taken < max) return true;
    const silent = [...busy].filter(({ silentFor }) => silentFor >= overdueAfter).length;
    return taken < max + Math.min(silent + opening.size - promising(), max);
  };

  const hand = (member: Member<Connection>, { until, resolve }: Waiter<Connection>) => {
    const { connection } = member;
    const now = performance.now();
    member.takenAt = now;
    member.patience = until - now;
    member.isTrusted = now - member.heardAt < trustedFor;
    member.received = connection.received;
    member.silentFor = 0;
    member.isDoubted = false;
    if (!member.isTrusted) connection.ping();
    busy.add(member);
    resolve(member);
  };

  const serve = (): void => {
    while (waiting.length > 0) {
      const member = idle.pop();
      if (!member) break;
      const waiter = member.connection.lost.aborted ? undefined : waiting.shift();
      if (waiter) hand(member, waiter);
    }
    while (promising() < waiting.length && mayOpen()) void add();
    looking ??= setInterval(look, lookEvery).unref();
  };

  const add = async (): Promise<void> => {
    const attempt = { since: performance.now() };
    opening.add(attempt);
    try {
      const connection = await open();
      const now = performance.now();
      idle.push({
        ...{ connection, heardAt: now, takenAt: now, patience: 0 },
        ...{ isTrusted: true, received: 0, silentFor: 0, isDoubted: false },
      });
    } catch (error) {
      // Whoever came later has had one opened since.
      const hopeful = waiting.find(({ since }) => since <= attempt.since);
      waiting = waiting.filter((waiter) => waiter !== hopeful);
      hopeful?.reject(error);
    } finally {
      opening.delete(attempt);
    }
    serve();
    finish();
  };

  /** Drops a silent connection, and those of which nothing was heard since: they may have been cut with it. */
  const drop = (silent: Member<Connection>): void => {
    busy.delete(silent);
    const reason = `the connection was silent for ${silent.silentFor / 1000} s`;
    log.warn({ reason }, "a connection to Postgres was given up");
    silent.connection.destroy(reason);
    for (const { connection, heardAt } of idle) {
      if (heardAt < silent.takenAt) connection.destroy("another connection of its time was silent");
    }
  };

  const clearDoubts = async (silent: readonly Member<Connection>[]): Promise<void> => {
    const takenAt = silent.map((member) => member.takenAt);
    const forgotten = new Set(await findForgotten(silent.map(({ connection }) => connection)));
    for (const [index, member] of silent.entries()) {
      const isSame = busy.has(member) && member.takenAt === takenAt[index] && member.silentFor >= doubtAfter;
      if (!isSame || !forgotten.has(member.connection)) continue;
      if (member.isDoubted) drop(member);
      member.isDoubted = true;
    }
  };

  const look = (): void => {
    const now = performance.now();
    for (const member of busy) {
      const { received } = member.connection;
      if (received !== member.received) {
        member.received = received;
        member.silentFor = 0;
        member.isTrusted = true;
        member.isDoubted = false;
        continue;
      }
      member.silentFor += lookEvery;
      const { patience, isTrusted } = member;
      if (member.silentFor > (isTrusted ? patience + grace : Math.min(patience, signOfLife))) drop(member);
    }
    const silent = [...busy].filter(({ silentFor }) => silentFor >= doubtAfter);
    if (silent.length > 0 && now - doubtedAt >= doubtAfter) {
      doubtedAt = now;
      // Where the server cannot be asked either, nothing is known: the limits hold.
      void clearDoubts(silent).catch(() => undefined);
    }
    for (const { connection, heardAt } of idle) {
      if (now - heardAt > idleTime) void connection.close();
    }
    idle = idle.filter(({ connection, heardAt }) => !connection.lost.aborted && now - heardAt <= idleTime);
    for (const { until, reject } of waiting) {
      if (now > until) reject(new Error("no connection was free in time"));
    }
    waiting = waiting.filter(({ until }) => now <= until);
    if (waiting.length > 0) serve();
    else if (busy.size === 0 && idle.length === 0 && opening.size === 0) {
      clearInterval(looking);
      looking = undefined;
    }
  };

  const finish = (): void => {
    if (closed && busy.size === 0 && opening.size === 0) closed();
  };

  const giveBack = (member: Member<Connection>, isUsable: boolean): void => {
    busy.delete(member);
    const { connection } = member;
    if (!isUsable) connection.destroy("the connection was in an unknown state");
    else if (!connection.lost.aborted) {
      member.heardAt = performance.now();
      idle.push(member);
    }
    serve();
    finish();
  };

  return {
    async use(work, until) {
      if (closed) throw new Error("the connections are closed");
      const member = await new Promise<Member<Connection>>((resolve, reject) => {
        waiting.push({ since: performance.now(), until, resolve, reject });
        serve();
      });
      let isUsable = true;
      try {
        return await work(member.connection);
      } catch (error) {
        isUsable = survives(error);
        throw error;
      } finally {
        giveBack(member, isUsable);
      }
    },
    async close() {
      await new Promise<void>((resolve) => {
        closed = resolve;
        finish();
      });
      clearInterval(looking);
      await Promise.all(idle.map(({ connection }) => connection.close()));
    },
  };
};
