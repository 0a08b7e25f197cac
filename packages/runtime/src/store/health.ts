import type { Database } from "./database/index.ts";
import { sql } from "./database/index.ts";
import { migrations, tables } from "./migrations/index.ts";

/** Milliseconds. Probes commonly time out after two seconds and should get an answer before. */
const patience = 1_500;

const silent = "does not answer: its log has the reason";
const incomplete =
  "is not the one that the formation has opened, or lacks tables: restore it from a backup, or restart the formation where an empty or older one is meant";

/**
 * Why a formation cannot answer, in words that follow those for its database; undefined when it can. That depends on its
 * database: that it answers, and has the formation's tables.
 */
export type HealthCheck = () => Promise<string | undefined>;

export const createHealthCheck = (database: Database): HealthCheck => {
  // An empty database has taken the place of ours where it has no such tables, an older one where the number is lower.
  const question = sql`select cast(max(version) as integer) as version,
    ${database.dialect.countTables(tables)} as tables from schema_version`;

  return async () => {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<string>((resolve) => {
      timer = setTimeout(resolve, patience, silent);
    });
    const answered = database.readApart<{ version: number | null; tables: number }>(question).then(
      ([row]) =>
        row && (row.version ?? 0) >= migrations.length && row.tables === tables.length
          ? undefined
          : incomplete,
      () => silent,
    );
    const problem = await Promise.race([answered, tooLong]);
    clearTimeout(timer);
    return problem;
  };
};
