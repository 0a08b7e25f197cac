import type { ClientBase } from "pg";
import type { Statement } from "../database/index.ts";
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
import { isUnavailable } from "./errors.ts";
import { migrationLock } from "./locks.ts";
import { numberedOnce } from "./parameters.ts";

/** The lock comes first, and may take as long as another process is migrating; so may a statement on a large table. */
const begin = `begin; set local statement_timeout = 0; select pg_advisory_xact_lock(${migrationLock})`;

const readColumns = `select table_name as "table", column_name as "column"
  from information_schema.columns where table_schema = current_schema()`;

/**
 * Brings a database to the newest of some migrations, one after another, each in a transaction of its own: a process
 * that ends in the middle of one leaves what was there before it. Of several processes that start at once, one does each.
 *
 * @throws SchemaError when that cannot be done, NewerSchemaError when a newer version wrote the database.
 */
export const migratePostgres = async (
  client: ClientBase,
  name: string,
  migrations: readonly Migration[],
): Promise<void> => {
  const place: Place = { dialect, name, alternative: "name another database" };
  const rows = async <Row extends object>(statement: Statement) =>
    (await client.query<Row>(numberedOnce(statement))).rows;

  const plan = async (): Promise<Step | undefined> => {
    const columns = await rows<TableColumn>({ text: readColumns, values: [] });
    const applied = hasHistory(columns) ? await rows<AppliedMigration>(readApplied) : [];
    return nextStep(place, { columns, applied }, migrations);
  };

  const apply = async (step: Step) => {
    try {
      for (const statement of step.statements) await rows(statement);
    } catch (cause) {
      throw isUnavailable(cause) ? cause : stepFailed(place, step, cause);
    }
  };

  const migrateOnce = async (): Promise<boolean> => {
    await client.query(begin);
    try {
      const step = await plan();
      if (step) await apply(step);
      await client.query("commit");
      return step !== undefined;
    } catch (error) {
      // Where the connection broke, the server rolls back by itself.
      if (!isUnavailable(error)) await client.query("rollback");
      throw error;
    }
  };

  while (await migrateOnce());
};
