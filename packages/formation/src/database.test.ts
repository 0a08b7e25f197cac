import path from "node:path";
import { expect, test } from "vitest";
import { load, manifest } from "../test/folder.ts";
import { databaseOf } from "./database.ts";

const open = (connection?: string) =>
  load({
    "formation.afs": manifest(
      connection === undefined ? "" : `memory: { persistent: { connection_string: "${connection}" } }`,
    ),
  });

test.each([
  [undefined, "memory.db"],
  ["data/notes.db", "data/notes.db"],
  ["sqlite:///srv/notes.db", "/srv/notes.db"],
  ["sqlite://notes.db", "notes.db"],
  ["sqlite:notes.db", "notes.db"],
])("%s is a file of SQLite: %s", async (connection, file) => {
  const formation = await open(connection);
  expect(databaseOf(formation)).toEqual({ engine: "sqlite", file: path.resolve(formation.dir, file) });
});

test.each(["postgres://u:p@db/muxi", "postgresql://db/muxi"])("%s is Postgres", async (connection) => {
  expect(databaseOf(await open(connection))).toEqual({
    engine: "postgres",
    connectionString: connection,
  });
});
