import { asError } from "@muxi/http";
import type { Logger } from "pino";
import type { Connection } from "./connection.ts";

/**
 * After so many rows were written the planner's statistics are made anew, and whenever they have doubled. Of an empty
 * table Postgres knows nothing, so that any index that begins with the formation seems as good as the one that has the
 * id too, and it keeps the plan for each connection, until its own look at the tables a minute or more later.
 */
const firstAfter = 100;

/** Tables with more rows are left to Postgres: their plans suit any number. */
const manyRows = 100_000;

const findTables = (
  condition: string,
) => `select string_agg(format('%I', relname), ', ') as names from pg_class
  where relkind = 'r' and relnamespace = current_schema()::regnamespace and ${condition}`;

/**
 * From so many rows of a table for each unit of this they are made: of few, since they are only to tell how large tables
 * are and how much an index leaves over. By default an analysis takes ten times as long, half a second on a busy machine.
 */
const target = "set local default_statistics_target = 10";

/** Tables that were filled before anybody has looked at them, as by a restore. */
const neverSeen = findTables("reltuples < 0 and pg_relation_size(oid) > 0");
/** Rows of some tables come and go: one that was seen empty counts as empty when it is full. */
const small = findTables(
  `reltuples < ${manyRows} and relname not in ('lesson', 'request_part', 'request_step')`,
);

export interface Statistics {
  /** Says that so many rows were inserted, updated or deleted. */
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
        if (names) await connection.query(`${target}; analyze (skip_locked) ${names}`);
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
      if (written < next) return;
      next = written * 2;
      void analyze(small);
    },
  };
};
