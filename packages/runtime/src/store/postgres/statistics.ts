import { asError } from "@muxi/http";
import type { Logger } from "pino";
import type { Connection } from "./connection.ts";

/**
 * After so many writes the planner's statistics are made anew, and whenever they have doubled, up to the most. What
 * Postgres plans for an empty table it keeps for each connection, and reads all rows of it when there are thousands: its
 * own look at the tables comes a minute or more later.
 */
const firstAfter = 100;
const most = 200_000;

/** Tables with more rows are left to Postgres: their plans suit any number. */
const manyRows = 100_000;

const findTables = (
  condition: string,
) => `select string_agg(format('%I', relname), ', ') as names from pg_class
  where relkind = 'r' and relnamespace = current_schema()::regnamespace and ${condition}`;

/** Tables that were filled before anybody has looked at them, as by a restore. */
const neverSeen = findTables("reltuples < 0 and pg_relation_size(oid) > 0");
/** Rows of some tables come and go: seen while one is empty, it would be read from end to end when it is full. */
const small = findTables(
  `reltuples < ${manyRows} and relname not in ('lesson', 'request_part', 'request_step')`,
);

export interface Statistics {
  /** Says that so many writes are done. */
  wrote(count: number): void;
}

/** Keeps the planner's statistics up to date while the tables of a new formation grow. */
export const createStatistics = (deps: {
  use: (work: (connection: Connection) => Promise<void>) => Promise<void>;
  log: Pick<Logger, "warn">;
}): Statistics => {
  let written = 0;
  let next = firstAfter;

  const analyze = async (tables: string): Promise<void> => {
    try {
      await deps.use(async (connection) => {
        const { rows } = await connection.query<{ names: string | null }>(tables);
        const names = rows[0]?.names;
        // Tables at which another process is looking are looked at by that one.
        if (names) await connection.query(`analyze (skip_locked) ${names}`);
      });
    } catch (error) {
      deps.log.warn(
        { reason: asError(error).message },
        "statistics of the tables could not be made: Postgres makes them later",
      );
    }
  };

  void analyze(neverSeen);
  return {
    wrote(count) {
      written += count;
      if (written < next || next > most) return;
      next = written * 2;
      void analyze(small);
    },
  };
};
