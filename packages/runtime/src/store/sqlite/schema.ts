import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { type Statement, StorageUnavailableError } from "../database/index.ts";
import {
  type AppliedMigration,
  hasHistory,
  type Migration,
  nextStep,
  type Place,
  readApplied,
  type Step,
  stepFailed,
  type TableColumn,
} from "../migrations/index.ts";
import { dialect } from "./dialect.ts";
import { explained } from "./errors.ts";

const readColumns = `select tables.name as "table", columns.name as "column"
  from sqlite_schema as tables join pragma_table_info(tables.name) as columns where tables.type = 'table'`;

/**
 * Applies the migrations that a file lacks, each in a transaction of its own: a process that ends in the middle of one
 * leaves what was there before it. Of several processes that start at once, one applies each.
 *
 * @param whole Makes in an empty file at once what migrations lead to, with their history: most files are new, and a
 * table that is altered many times takes longer to make.
 * @throws SchemaError when one fails or the history of the file is another one; NewerSchemaError when a newer version
 * wrote the file.
 */
export const migrateSqlite = (
  db: DatabaseSync,
  file: string,
  migrations: readonly Migration[],
  whole = "",
): void => {
  const place: Place = {
    dialect,
    name: `the database ${file}`,
    alternative: "move the file away to start afresh",
  };
  const rows = <Row>({ text, values }: Statement) =>
    db.prepare(text).all(...(values as SQLInputValue[])) as unknown as Row[];

  // Read until the history is among them: from then on the history alone tells what comes next, and to read all tables
  // before each migration was a third of what a new file takes.
  let columns: readonly TableColumn[] = [];
  const plan = (): Step | undefined => {
    if (!hasHistory(columns)) columns = rows<TableColumn>({ text: readColumns, values: [] });
    const applied = hasHistory(columns) ? rows<AppliedMigration>(readApplied) : [];
    return nextStep(place, { columns, applied }, migrations);
  };

  const apply = (step: Step) => {
    try {
      for (const statement of step.statements) rows(statement);
      const broken = db.prepare("pragma foreign_key_check").get();
      if (broken)
        throw new Error(`rows of '${broken.table}' refer to rows of '${broken.parent}' that are gone`);
    } catch (error) {
      const cause = explained(error, file);
      throw cause instanceof StorageUnavailableError ? cause : stepFailed(place, step, cause);
    }
  };

  const migrateOnce = (): boolean => {
    // Locks before it reads: of two processes that start at once, the second finds the migration applied.
    db.exec("begin immediate");
    try {
      if (!db.prepare("select 1 from sqlite_schema").get()) db.exec(whole);
      const step = plan();
      if (step) apply(step);
      db.exec("commit");
      return step !== undefined;
    } catch (error) {
      // After a full disk, SQLite has already rolled back.
      if (db.isTransaction) db.exec("rollback");
      throw error;
    }
  };

  // A migration may have to replace a table: with foreign keys enforced, dropping the old one would delete the rows that
  // refer to it.
  db.exec("pragma foreign_keys = off");
  while (migrateOnce());
  db.exec("pragma foreign_keys = on");
};
