import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { portRange } from "./ports.ts";

test("the demo holds its conversation, remembers the fact and ends by itself", {
  timeout: 60_000,
}, async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [fileURLToPath(new URL("../examples/demo.ts", import.meta.url))],
    { env: { PATH: process.env.PATH, HOME: process.env.HOME, ...(await portRange()) } },
  );
  expect(stdout).toContain("last week of September");
  expect(stdout).toContain("quince with ginger");
  expect(stdout).toContain("Answered by builtin/extractive");
  expect(stdout).toContain("Done.");
});
