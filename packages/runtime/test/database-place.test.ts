import { access } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { manifest, startFormation, writeFormation } from "./harness.ts";

test("three slashes name a database in the formation's folder, which is made", async () => {
  const dir = await writeFormation({
    "formation.afs": `${manifest}\nmemory: { persistent: { connection_string: "sqlite:///data/deep/memory.db" } }\n`,
  });
  const api = await startFormation(dir);
  expect((await api.chat("Hi", { user: "ann" })).status).toBe(200);
  await access(path.join(dir, "data/deep/memory.db"));
});
