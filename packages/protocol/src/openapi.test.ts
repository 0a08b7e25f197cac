import { expect, test } from "vitest";
import * as z from "zod";
import { openApi } from "./openapi.ts";
import { routes } from "./routes/index.ts";

const documentSchema = z.object({
  openapi: z.literal("3.1.0"),
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({ operationId: z.string(), security: z.array(z.record(z.string(), z.unknown())) }),
    ),
  ),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
});

const document = documentSchema.parse(openApi({ version: "1.2.3" }));

test("every row of the route table is described under its path and method", () => {
  for (const [id, row] of Object.entries(routes)) {
    expect(document.paths[`/v1${row.path}`]?.[row.method.toLowerCase()]?.operationId).toBe(id);
  }
});

test("a route asks for its own kind of key", () => {
  expect(document.paths["/v1/health"]?.get?.security).toEqual([]);
  expect(document.paths["/v1/chat"]?.post?.security).toEqual([{ clientKey: [] }]);
  expect(document.paths["/v1/agents"]?.get?.security).toEqual([{ adminKey: [] }]);
});

test("every reference leads to a schema of the document", () => {
  const references = JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g);
  const names = new Set([...references].map(([, name]) => name ?? ""));
  expect(names.size).toBeGreaterThan(10);
  expect([...names].filter((name) => !(name in document.components.schemas))).toEqual([]);
});
