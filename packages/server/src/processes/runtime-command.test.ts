import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { nodeFlagsOf, runtimeCommand } from "./runtime-command.ts";

it("formations run with the Node flags that the runtime's program names", () => {
  const program = fileURLToPath(import.meta.resolve("@muxi/runtime/main"));
  expect(nodeFlagsOf(program)).toEqual(["--max-semi-space-size=8"]);
  const { command, args } = runtimeCommand("/some/folder");
  expect(command).toBe(process.execPath);
  expect(args.slice(-3)).toEqual(["--max-semi-space-size=8", program, "/some/folder"]);
});

it("a program that names no flags has none", () => {
  expect(nodeFlagsOf(fileURLToPath(import.meta.url))).toEqual([]);
});
