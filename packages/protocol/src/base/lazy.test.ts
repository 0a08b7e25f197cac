import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import * as z from "zod";
import { openApi, triggerResultSchema } from "../index.ts";

/** In a process of its own: names are registered once, and other tests have registered theirs here. */
const program = `
import * as z from "zod";
const names = [];
const add = z.globalRegistry.add;
z.globalRegistry.add = function (schema, meta) {
  if (meta?.id) names.push(meta.id);
  return add.call(this, schema, meta);
};
const { triggerResultSchema } = await import("./index.ts");
const before = [...names];
triggerResultSchema();
console.log(JSON.stringify({ before, after: names }));
`;

test("the package is imported without making a schema that has a name", () => {
  const args = ["--no-warnings", "--conditions=muxi-source", "--input-type=module", "-e", program];
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  const { before, after } = JSON.parse(execFileSync(process.execPath, args, { cwd, encoding: "utf8" }));
  expect(before).toEqual([]);
  expect(after).toContain("TriggerResult");
});

test("the document lists schemas as they are declared, whichever a call asked for first", () => {
  triggerResultSchema();
  const listed = z.object({ components: z.object({ schemas: z.record(z.string(), z.unknown()) }) });
  const { components } = listed.parse(openApi({ version: "1.2.3" }));
  const names = Object.keys(components.schemas);
  expect(names.indexOf("TriggerResult")).toBeGreaterThan(names.indexOf("TriggerList"));
  expect(names.indexOf("TriggerList")).toBeGreaterThan(names.indexOf("Agent"));
});
