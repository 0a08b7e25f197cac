// Opens a database, as a formation does that starts:
//   node --conditions=muxi-source migrating-process.ts <SQLite file or Postgres URL>
// or stops for good in the middle of its nth step to the newest schema, before that is committed, and says so:
//   node --conditions=muxi-source migrating-process.ts <SQLite file> <n>
import { writeSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { pino } from "pino";
import { openPostgres, openSqlite } from "../src/store/index.ts";
import { migrations } from "../src/store/migrations/index.ts";
import { migrateSqlite } from "../src/store/sqlite/index.ts";

const [target = "", stopAt] = process.argv.slice(2);

class StoppingDatabase extends DatabaseSync {
  #left = Number(stopAt);

  override prepare(text: string) {
    if (text.startsWith("insert into schema_version") && --this.#left === 0) {
      writeSync(1, "stopped\n");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    }
    return super.prepare(text);
  }
}

if (stopAt !== undefined) {
  const db = new StoppingDatabase(target);
  // What does not fit is written to the log before the commit.
  db.exec("pragma journal_mode = wal; pragma cache_size = 1");
  migrateSqlite(db, target, migrations);
} else {
  const log = pino({ level: "silent" });
  const database = target.startsWith("postgres")
    ? await openPostgres(target, { queryTimeout: 30, log })
    : openSqlite(target);
  await database.close();
}
