import path from "node:path";
import { expect, test } from "vitest";
import { brief, folder, load, manifest, reportOf } from "../test/folder.ts";
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
  ["sqlite:///data/notes.db", "data/notes.db"],
  ["sqlite:////srv/notes.db", "/srv/notes.db"],
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

test("a database at the absolute path that three slashes once meant is not passed over in silence", async () => {
  const old = path.join(await folder({ "old.db": "data" }), "old.db");
  const files = {
    "formation.afs": manifest(`memory: { persistent: { connection_string: "sqlite://${old}" } }`),
  };
  const { errors } = await reportOf(files);
  expect(brief(errors).join()).toMatch(
    /^formation\.afs → memory\.persistent\.connection_string: means .+, which does not exist, but there is a database at /,
  );
  expect(errors[0]?.message).toContain(`there is a database at ${old}`);
  expect(errors[0]?.hint).toContain(`Write sqlite:///${old} for that one`);
  expect((await reportOf({ ...files, [old.slice(1)]: "moved" })).errors).toEqual([]);
  const absolute = manifest(`memory: { persistent: { connection_string: "sqlite:///${old}" } }`);
  expect((await reportOf({ "formation.afs": absolute })).errors).toEqual([]);
});
