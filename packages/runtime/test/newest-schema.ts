import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { migrations } from "../src/store/migrations/index.ts";
import { migrateSqlite } from "../src/store/sqlite/index.ts";
import { dumpSqlite } from "./database-dumps.ts";

export const newestSchemaFile = path.join(import.meta.dirname, "../src/store/sqlite/newest-schema.gen.ts");

const migratedDump = (): string => {
  const dir = mkdtempSync(path.join(tmpdir(), "muxi-newest-"));
  try {
    const file = path.join(dir, "memory.db");
    using db = new DatabaseSync(file);
    migrateSqlite(db, file, migrations);
    return dumpSqlite(file);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};

/** What the migrations lead to in an empty SQLite file, as the module that makes it at once. */
export const newestSchemaModule = (): string => {
  const now = "cast(unixepoch('subsec') * 1000 as integer)";
  const sql = migratedDump().replaceAll(/^(insert into schema_version .*), \d+\);$/gm, `$1, ${now});`);
  return `// What the migrations lead to in an empty file. Made by \`npm run fixtures:database\`.\n\nexport const newestSchema = \`\n${sql}\`;\n`;
};
