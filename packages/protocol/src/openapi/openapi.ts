import * as z from "zod";
import { errorTable, headers, type Lazy } from "../base/index.ts";
import { commonErrors, type Route, routes } from "../routes/index.ts";
import { errorEnvelopeSchema } from "../schemas/index.ts";
import { wireJsonSchemas } from "./json-schema.ts";

const ref = (id: string) => `#/components/schemas/${id}`;

/** JSON Schema of a zod schema, with references for those that have an id. */
const schemaOf = (schema: z.ZodType, io: "input" | "output"): Record<string, unknown> => {
  const id = schema.meta()?.id;
  if (id !== undefined) return { $ref: ref(id) };
  const { $schema: _, $defs: __, ...json } = z.toJSONSchema(schema, { io });
  return JSON.parse(JSON.stringify(json).replaceAll('"#/$defs/', '"#/components/schemas/'));
};

/** Names of the schemas that a part of the document refers to, directly or through others. */
const reachable = (part: unknown, all: Record<string, Record<string, unknown>>): Set<string> => {
  const found = new Set<string>();
  const visit = (from: unknown): void => {
    for (const [, name = ""] of JSON.stringify(from).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (found.has(name)) continue;
      found.add(name);
      visit(all[name]);
    }
  };
  visit(part);
  return found;
};

const security = { none: [], client: [{ clientKey: [] }], admin: [{ adminKey: [] }] } as const;

const userRules = {
  none: "",
  optional: "Without it the call is that of the user 0.",
  required: "Needed with either key.",
  filter: "Needed with the client key; with the admin key the call is about all users without it.",
} as const;

const parameters = (row: Route) => {
  const fields = (schema: Lazy<z.ZodObject> | undefined, place: "path" | "query") =>
    Object.entries(schema?.().shape ?? {}).map(([name, field]) => ({
      name,
      in: place,
      required: place === "path" || !z.safeParse(field as z.ZodType, undefined).success,
      schema: schemaOf(field as z.ZodType, "input"),
    }));
  const user = {
    name: "X-Muxi-User-ID",
    in: "header",
    description: `User whose data is meant. ${userRules[row.user]}`,
    required: row.user === "required",
    schema: { type: "string", maxLength: 256 },
  };
  const idempotencyKey = {
    name: "X-Muxi-Idempotency-Key",
    in: "header",
    description:
      "Makes a repeat safe: a call that comes again with the same key and body is answered as the first one was",
    schema: { type: "string", maxLength: 200 },
  };
  return [
    ...fields(row.params, "path"),
    ...fields(row.query, "query"),
    ...(row.user === "none" ? [] : [user]),
    ...(row.errors.includes("IDEMPOTENCY_KEY_REUSED") ? [idempotencyKey] : []),
  ];
};

const errorResponses = (row: Route) => {
  const byStatus = new Map<number, string[]>();
  for (const code of new Set([...row.errors, ...commonErrors(row)])) {
    const { status } = errorTable[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      {
        description: codes.join(", "),
        content: { "application/json": { schema: schemaOf(errorEnvelopeSchema(), "output") } },
      },
    ]),
  );
};

const lines = "application/x-ndjson";

const successContent = (row: Route) => {
  if (row.lines) return { [lines]: { schema: schemaOf(row.lines(), "output") } };
  const json = {
    "application/json": {
      schema: {
        type: "object",
        required: ["object", "timestamp", "type", "request", "success", "error", "data"],
        properties: {
          object: { const: row.object, description: "What `data` is" },
          timestamp: { type: "integer", description: "When it was answered, Unix milliseconds" },
          type: { const: row.type, description: "What happened" },
          request: {
            type: "object",
            description: "The call that is answered",
            properties: {
              id: { type: "string", description: "Id of the request" },
              idempotency_key: {
                type: ["string", "null"],
                description: "Idempotency key as it was sent; null when none was",
              },
            },
          },
          success: { const: true, description: "Always true" },
          error: { type: "null", description: "Always null" },
          data: schemaOf(row.data(), "output"),
        },
      },
    },
  };
  if (!row.stream) return json;
  const events = { "text/event-stream": { schema: schemaOf(row.stream.events(), "output") } };
  return row.stream.always ? events : { ...events, ...json };
};

const operation = (operationId: string, row: Route) => ({
  operationId,
  summary: row.summary,
  tags: [row.tag],
  security: row.key === "either" ? [...security.client, ...security.admin] : security[row.key],
  parameters: parameters(row),
  ...(row.body && {
    requestBody: {
      required: !row.body().safeParse(undefined).success,
      content: {
        "application/json": { schema: schemaOf(row.body(), "input") },
        ...(row.linesAs !== undefined && {
          [lines]: { schema: { type: "string", description: `Each line is an entry of \`${row.linesAs}\`` } },
        }),
      },
    },
  }),
  responses: {
    [row.status]: { description: "Success", content: successContent(row) },
    ...(row.background &&
      row.background.status !== row.status && {
        [row.background.status]: { description: "Accepted: the answer is made in the background" },
      }),
    ...errorResponses(row),
  },
});

/**
 * The OpenAPI 3.1 document of the Formation API, made from the route table.
 *
 * @param info.version Version of the runtime that serves it.
 */
export const openApi = (info: { version: string; title?: string }): Record<string, unknown> => {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [id, row] of Object.entries<Route>(routes)) {
    const path = `/v1${row.path}`;
    paths[path] = { ...paths[path], [row.method.toLowerCase()]: operation(id, row) };
  }
  // The schemas of the control plane have names too, but no formation uses them.
  const schemas = wireJsonSchemas(ref);
  const used = reachable(paths, schemas);
  return {
    openapi: "3.1.0",
    info: { title: info.title ?? "MUXI Formation API", version: info.version },
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name))),
      securitySchemes: {
        clientKey: { type: "apiKey", in: "header", name: headers.clientKey },
        adminKey: { type: "apiKey", in: "header", name: headers.adminKey },
      },
    },
  };
};
