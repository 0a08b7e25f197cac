import type { Database } from "./database/index.ts";
import { sql } from "./database/index.ts";
import { migrations } from "./migrations/index.ts";

/** Milliseconds. Probes commonly time out after two seconds and should get an answer before. */
const patience = 1_500;

/** An empty database has taken the place of ours where it has no such table, an older one where the number is lower. */
const newestMigration = sql`select cast(max(version) as integer) as version from schema_version`;

/** Whether a formation can answer, which depends on its database: that it answers, and has the formation's tables. */
export type HealthCheck = () => Promise<boolean>;

export const createHealthCheck =
  (database: Database): HealthCheck =>
  async () => {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, patience, false);
    });
    const answered = database.readApart<{ version: number | null }>(newestMigration).then(
      ([row]) => (row?.version ?? 0) >= migrations.length,
      () => false,
    );
    const isHealthy = await Promise.race([answered, tooLong]);
    clearTimeout(timer);
    return isHealthy;
  };
