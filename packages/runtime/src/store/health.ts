import type { Database } from "./database/index.ts";
import { sql } from "./database/index.ts";

/** Milliseconds. Probes commonly time out after two seconds and should get an answer before. */
const patience = 1_500;

/** Whether a formation can answer, which depends on its database. */
export type HealthCheck = () => Promise<boolean>;

export const createHealthCheck =
  (database: Database): HealthCheck =>
  async () => {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, patience, false);
    });
    const answered = database.read(sql`select 1 as alive`).then(
      () => true,
      () => false,
    );
    const isHealthy = await Promise.race([answered, tooLong]);
    clearTimeout(timer);
    return isHealthy;
  };
