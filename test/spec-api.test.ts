import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import {
  chatEventSchema,
  type ErrorCode,
  errorTable,
  isRetryable,
  openApi,
  type Route,
  routes,
} from "@muxi/protocol";
import { expect, test } from "vitest";
import * as z from "zod";
import * as deployments from "../packages/protocol/src/schemas/deployments.ts";
import * as drafts from "../packages/protocol/src/schemas/drafts.ts";
import * as operations from "../packages/protocol/src/schemas/operations.ts";
import * as server from "../packages/protocol/src/schemas/server.ts";
import { apiTools } from "../packages/runtime/src/api/mcp-tools.ts";
import { feedEventTypes } from "../packages/runtime/src/events/index.ts";
import { eventNames } from "../packages/runtime/src/observability/index.ts";
import { failureTypes } from "../packages/server/src/base/failure.ts";
import { configSchema } from "../packages/server/src/config/index.ts";
import { codeIn, firstColumn, readPage, rowsIn, type Section, sectionOf, sectionsOf } from "./spec-pages.ts";

const root = path.join(import.meta.dirname, "..");
const read = (file: string) => readFileSync(path.join(root, file), "utf8");

const formationApi = sectionsOf("formation-api.md");
const inFormationApi = (heading: string) => sectionOf("formation-api.md", heading);
const inServerApi = (heading: string) => sectionOf("server-api.md", heading);

const wordsIn = (text: string): Set<string> =>
  new Set(
    codeIn(text).flatMap((code) => code.split(/[^\w-]+/).flatMap((word) => [word, ...word.split(".")])),
  );

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();

/** Texts that match in the files of a package, its tests left out. */
const matchesIn = (files: string, pattern: RegExp): string[] =>
  globSync(files, { cwd: root, exclude: ["**/*.test.ts"] }).flatMap((file) =>
    [...read(file).matchAll(pattern)].map(([, match = ""]) => match),
  );

const callOf = ({ method, path: below }: Route): string => `${method} ${below}`;

/** The section that has the row of a call. */
const sectionOfCall = (row: Route): Section | undefined =>
  formationApi.find(({ text }) => text.includes(`| \`${callOf(row)}\``));

test("every call of the Formation API has its row: key, user, status, object, type and errors", () => {
  const expected = Object.values<Route>(routes).map((row) => {
    const answer = ({ status, object, type }: { status: number; object: string; type: string }) =>
      `${status} \`${object}\`, \`${type}\``;
    const unwrapped = row.lines ? "JSON Lines" : row.stream?.always && "event stream";
    const success = unwrapped ? `${row.status} ${unwrapped}` : answer(row);
    return [
      `\`${callOf(row)}\``,
      row.key,
      row.user,
      row.background ? `${success}; ${answer(row.background)}` : success,
      row.errors.map((code) => `\`${code}\``).join(", ") || "–",
    ];
  });
  const calls = formationApi.slice(
    formationApi.findIndex(({ heading }) => heading === "Calls"),
    formationApi.findIndex(({ heading }) => heading === "Streams"),
  );
  const written = calls.flatMap(({ text }) =>
    rowsIn(text).filter(([first = "", key = ""]) => /^`[A-Z]+ \//.test(first) && key !== ""),
  );
  const byCall = (one: string[], other: string[]) => (one.join() < other.join() ? -1 : 1);
  expect(written.sort(byCall)).toEqual(expected.sort(byCall));
});

/** Names of all properties below a JSON Schema. */
const propertiesOf = (schema: unknown, components: Record<string, unknown>, seen: Set<string>): string[] => {
  if (typeof schema !== "object" || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]: [string, unknown]) => {
    if (key === "$ref") {
      const name = String(value).replace("#/components/schemas/", "");
      if (seen.has(name)) return [];
      return propertiesOf(components[name], components, seen.add(name));
    }
    const names =
      key === "properties" && typeof value === "object" && value !== null ? Object.keys(value) : [];
    return [...names, ...propertiesOf(value, components, seen)];
  });
};

const documentSchema = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        parameters: z.array(z.object({ name: z.string(), in: z.string() })),
        requestBody: z.unknown().optional(),
        responses: z.record(z.string(), z.unknown()),
      }),
    ),
  ),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
});

const ofChat = [
  "Chat",
  "Attachments",
  "Chat events",
  "Citations",
  "Accepting work",
  "Tasks of a request",
  "Answering a request",
  "Questions with options",
];

/** Sections that have the fields of others. */
const elsewhere: Readonly<Record<string, readonly string[]>> = {
  Chat: ofChat,
  "Audio chat": ofChat,
  Events: [
    "Chat events",
    "Citations",
    "Tasks of a request",
    "Answering a request",
    "Questions with options",
    "Feed of a user",
  ],
  Logs: ["Log stream"],
  Requests: ["Citations", "Answering a request", "Questions with options"],
  Sessions: ["Citations"],
  Triggers: ["Citations"],
};

test("every field of a call is in its section, or in one that it refers to", () => {
  const { paths, components } = documentSchema.parse(openApi({ version: "" }));
  const missing = Object.values<Route>(routes).flatMap((row) => {
    const operation = paths[`/v1${row.path}`]?.[row.method.toLowerCase()];
    const { heading, text } = sectionOfCall(row) ?? { heading: "", text: "" };
    const others = ["Success envelope", ...(elsewhere[heading] ?? [])];
    const words = wordsIn([text, ...others.map((other) => inFormationApi(other))].join("\n"));
    const success = Object.entries(operation?.responses ?? {}).filter(([status]) => Number(status) < 400);
    const fields = [
      ...(operation?.parameters ?? []).filter(({ in: place }) => place !== "header").map(({ name }) => name),
      ...propertiesOf([operation?.requestBody, success], components.schemas, new Set()),
    ];
    return sorted(fields)
      .filter((field) => !words.has(field))
      .map((field) => `${heading}: ${callOf(row)} ${field}`);
  });
  expect(missing).toEqual([]);
});

test("every error code of the Formation API has its row: status, class, and whether it may be sent again", () => {
  const written = rowsIn(inFormationApi("Error codes")).map(([code, status, type, , repeat]) => [
    code,
    status,
    type,
    repeat !== "no",
  ]);
  const codes = Object.keys(errorTable) as ErrorCode[];
  const expected = codes.map((code) => [
    `\`${code}\``,
    String(errorTable[code].status),
    errorTable[code].class,
    isRetryable(code),
  ]);
  expect(written.sort()).toEqual(expected.sort());
});

test("every chat event has its row with its fields", () => {
  const rows = rowsIn(inFormationApi("Chat events"));
  const owner = ["session_id", "request_id"];
  const expected = chatEventSchema().options.map(({ shape }) => [
    shape.type.value,
    sorted(Object.keys(shape).filter((field) => field !== "type" && !owner.includes(field))),
  ]);
  const written = rows.map(([name = "", fields = ""]) => [
    codeIn(name)[0],
    sorted(codeIn(fields).filter((field) => !owner.includes(field))),
  ]);
  expect(written).toEqual(expect.arrayContaining(expected));
  expect(written).toHaveLength(expected.length);
});

test("the README of the SDK names every event that a chat stream yields", () => {
  const [row = ""] = read("packages/client/README.md").match(/^\| `for await .*$/m) ?? [];
  const kinds = chatEventSchema().options.map(({ shape }) => shape.type.value);
  // An error is thrown.
  expect(kinds.filter((kind) => kind !== "error" && !codeIn(row).includes(kind))).toEqual([]);
});

test("every event of the feed and of the log is named", () => {
  const feed = codeIn(inFormationApi("Feed of a user"));
  expect(feed).toEqual(expect.arrayContaining([...feedEventTypes]));
  expect(sorted(firstColumn(inFormationApi("Log stream")))).toEqual(sorted(eventNames));
});

test("every tool of the MCP endpoint is named", () => {
  const tools = inFormationApi("Tools of the MCP endpoint");
  expect(sorted(codeIn(tools))).toEqual(sorted(apiTools().map(({ name }) => name)));
});

test("every alias for older clients has its row", () => {
  const text = read("packages/runtime/src/api/aliases.ts");
  const aliases = [...text.matchAll(/method: "(\w+)",\s*path: "([^"]+)"/g)].map(
    ([, method, below]) => `${method} ${below}`,
  );
  const written = firstColumn(inFormationApi("Aliases for older clients"));
  expect(sorted(written.map((call) => call.replace(/\?.*/, "")))).toEqual(sorted(aliases));
});

test("every route of the server has its row", () => {
  const text = read("packages/server/src/api/app.ts");
  const served = [...text.matchAll(/\b(get|guarded|route)\(\s*"([^"]*)"(?:,\s*\{([^}]*)\})?/g)].flatMap(
    ([, by = "", below = "", handlers = ""]) => {
      const url = by === "route" ? `/rpc/formations${below}` : below;
      const methods = by === "get" ? ["GET"] : [...handlers.matchAll(/\b([A-Z]+):/g)].map(([, name]) => name);
      return methods.map((method) => `${method} ${url.replaceAll(":id", "{id}")}`);
    },
  );
  const written = firstColumn(inServerApi("Routes of the server"));
  expect(sorted(written)).toEqual(sorted([...served, "GET /rpc/server/logs"]));
});

test("every field of the server's requests and answers is named", () => {
  const words = wordsIn(readPage("server-api.md"));
  const schemas = Object.values({ ...deployments, ...drafts, ...operations, ...server }).flatMap((schema) =>
    typeof schema === "function" ? [z.toJSONSchema(schema(), { io: "input" })] : [],
  );
  expect(schemas.length).toBeGreaterThan(15);
  const fields = sorted(propertiesOf(schemas, {}, new Set()));
  expect(fields.filter((field) => !words.has(field))).toEqual([]);
});

test("every failure type of the server has its row", () => {
  const written = firstColumn(inServerApi("Failure types"));
  expect(sorted(written)).toEqual(sorted(failureTypes));
});

/** Dotted paths of the settings of a schema; `<id>` stands for a name that the user chooses. */
const settingsOf = (schema: unknown, at = ""): string[] => {
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape).flatMap(([name, field]) =>
      settingsOf(field, at === "" ? name : `${at}.${name}`),
    );
  }
  const wraps =
    schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  if (wraps) return settingsOf(schema.unwrap(), at);
  const isMap = schema instanceof z.ZodRecord && schema.valueType instanceof z.ZodObject;
  return isMap ? settingsOf(schema.valueType, `${at}.<id>`) : [at];
};

test("every setting of the server has its row", () => {
  const text = inServerApi("Configuration file");
  const written = codeIn(text).filter((code) => /^[\w.<>]+$/.test(code));
  const settings = settingsOf(configSchema);
  expect(settings.filter((setting) => !written.includes(setting))).toEqual([]);
  const keys = firstColumn(text);
  expect(keys.filter((key) => !settings.includes(key))).toEqual([]);
});

test("every metric, variable and progress stage of the server is named", () => {
  const words = wordsIn(readPage("server-api.md"));
  const named = sorted([
    ...matchesIn("packages/server/src/metrics/*.ts", /"(muxi_\w+)"/g),
    ...matchesIn("packages/server/src/**/*.ts", /\benv\.(MUXI_\w+)/g),
    ...matchesIn("packages/server/src/{releases,staging}/*.ts", /\bstage(?::| =) "(\w+)"/g),
  ]);
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => !words.has(name))).toEqual([]);
});
