import { expect, test } from "vitest";
import * as z from "zod";
import { type Route, routes } from "../routes/index.ts";
import { openApi } from "./openapi.ts";

const documentSchema = z.object({
  openapi: z.literal("3.1.0"),
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        operationId: z.string(),
        security: z.array(z.record(z.string(), z.unknown())),
        parameters: z.array(
          z.object({
            name: z.string(),
            in: z.string(),
            required: z.boolean().optional(),
            description: z.string().optional(),
            schema: z.looseObject({ description: z.string().optional() }),
          }),
        ),
        responses: z.record(z.string(), z.object({ description: z.string() })),
      }),
    ),
  ),
  components: z.object({
    schemas: z.record(z.string(), z.looseObject({ required: z.array(z.string()).optional() })),
  }),
});

const document = documentSchema.parse(openApi({ version: "1.2.3" }));

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.values(methods).map((operation) => ({ path, ...operation })),
);

test("what a validator of OpenAPI 3.1 asks of paths, parameters and responses", () => {
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { path, parameters, responses } of operations) {
    const inPath = parameters.filter((parameter) => parameter.in === "path");
    const templated = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(inPath.map(({ name }) => name)).toEqual(templated);
    expect(inPath.every(({ required }) => required === true)).toBe(true);
    const names = parameters.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const [status, response] of Object.entries(responses)) {
      expect(status).toMatch(/^[1-5]\d\d$/);
      expect(response.description).not.toBe("");
    }
  }
});

test("no two paths differ only in the names of their parameters", () => {
  const templates = Object.keys(document.paths).map((path) => path.replaceAll(/\{\w+\}/g, "{}"));
  expect(templates.filter((path, at) => templates.indexOf(path) !== at)).toEqual([]);
});

test("every row of the route table is described under its path and method", () => {
  for (const [id, row] of Object.entries(routes)) {
    expect(document.paths[`/v1${row.path}`]?.[row.method.toLowerCase()]?.operationId).toBe(id);
  }
});

test("every parameter says what it is", () => {
  for (const { operationId, parameters } of operations) {
    for (const { name, description, schema } of parameters) {
      expect(description ?? schema.description, `${operationId} ${name}`).toMatch(/\w+ \w+/);
    }
  }
});

test("a route asks for its own kind of key", () => {
  expect(document.paths["/v1/health"]?.get?.security).toEqual([]);
  expect(document.paths["/v1/chat"]?.post?.security).toEqual([{ clientKey: [] }]);
  expect(document.paths["/v1/agents"]?.get?.security).toEqual([{ adminKey: [] }]);
});

test("a row's errors, common ones and the background's answer are described", () => {
  const { parameters, responses } = document.paths["/v1/chat"]?.post ?? {};
  expect(Object.keys(responses ?? {})).toEqual(
    expect.arrayContaining([
      "200",
      "202",
      "400",
      "401",
      "404",
      "409",
      "413",
      "415",
      "422",
      "429",
      "499",
      "500",
    ]),
  );
  expect(parameters?.map(({ name }) => name)).toEqual(["X-Muxi-User-ID", "X-Muxi-Idempotency-Key"]);
});

test("every reference leads to a schema of the document", () => {
  const references = JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g);
  const names = new Set([...references].map(([, name]) => name ?? ""));
  expect(names.size).toBeGreaterThan(10);
  expect([...names].filter((name) => !(name in document.components.schemas))).toEqual([]);
});

test("no schema is listed that only the control plane uses", () => {
  expect(document.components.schemas).toHaveProperty("ChatRequest");
  expect(document.components.schemas).not.toHaveProperty("DeployedFormation");
});

test("a body is described as a caller writes it: what has a default may be left out", () => {
  for (const [id, { body }] of Object.entries<Route>(routes)) {
    const name = body?.().meta()?.id;
    if (body === undefined || name === undefined) continue;
    const { $defs } = z.toJSONSchema(z.array(body()), { io: "input" });
    expect(document.components.schemas[name]?.required, id).toEqual($defs?.[name]?.required);
  }
});
