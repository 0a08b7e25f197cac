import { afterEach, expect, test } from "vitest";
import * as z from "zod";
import { createReader } from "./reader.ts";

const { execPath } = process;
afterEach(() => {
  process.execPath = execPath;
});

test("a process that cannot be started fails its task, and no error is left that would end the server", async () => {
  process.execPath = "/nowhere/node";
  const reader = createReader();
  const task = { kind: "hash", draft: "/nowhere" } as const;
  await expect(reader.run(task, z.string())).rejects.toMatchObject({ code: "ENOENT" });
  const archive = reader.archive({ kind: "archive", release: "/nowhere", copyTo: undefined });
  await expect(archive.next()).rejects.toMatchObject({ code: "ENOENT" });
});
