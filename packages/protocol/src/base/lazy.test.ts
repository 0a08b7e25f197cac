import { expect, onTestFinished, test, vi } from "vitest";
import * as z from "zod";
import { openApi, triggerResultSchema } from "../index.ts";

test("the package is imported without making a schema that has a name", async () => {
  const add = vi.spyOn(z.globalRegistry, "add");
  const names = () => add.mock.calls.flatMap(([, { id }]) => id ?? []);
  vi.resetModules();
  // Its schemas are others than those of the other tests, under the same names.
  onTestFinished(() => void z.globalRegistry.clear());
  const fresh = await import("../index.ts");
  expect(names()).toEqual([]);
  fresh.triggerResultSchema();
  expect(names()).toContain("TriggerResult");
});

test("the document lists schemas as they are declared, whichever a call asked for first", () => {
  triggerResultSchema();
  const listed = z.object({ components: z.object({ schemas: z.record(z.string(), z.unknown()) }) });
  const { components } = listed.parse(openApi({ version: "1.2.3" }));
  const names = Object.keys(components.schemas);
  expect(names.indexOf("TriggerResult")).toBeGreaterThan(names.indexOf("TriggerList"));
  expect(names.indexOf("TriggerList")).toBeGreaterThan(names.indexOf("Agent"));
});
