import {
  type ErrorCode,
  envelopeSchema,
  errorEnvelopeSchema,
  errorTable,
  type Route,
  type RouteId,
  routes,
} from "@muxi/protocol";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { filesOf, samples } from "./conformance-samples.ts";
import { type Api, apiAt, startFormation, writeFormation } from "./harness.ts";
import { listedErrors } from "./listed-errors.ts";

const rows = Object.entries(routes) as [RouteId, Route][];

const nested = (depth: number): unknown => (depth === 0 ? "deep" : [nested(depth - 1)]);

/** Texts that somewhere mean more than themselves: to SQL, files, templates, JavaScript, Unicode, dates. */
const texts = [
  "",
  "   ",
  "\0",
  "a\0b",
  "\ud800",
  "\u202e\ufeff",
  "../../../../etc/passwd",
  "'; drop table session; --",
  "%_%",
  "${{ secrets.USED }}",
  "${{ data.constructor }}",
  "<script>alert(1)</script>",
  "__proto__",
  "constructor",
  "toString",
  "x".repeat(300),
  "y".repeat(20_000),
  "2026-13-45T99:99:99Z",
  "+275760-09-13T00:00:00.001Z",
  "99999999999999999999",
  "http://[::1]:1/\r\nx: y",
  "* * * * * * *",
  "0 0 31 2 *",
  "true",
  "null",
];

const values: readonly unknown[] = [
  ...texts,
  null,
  true,
  -1,
  0,
  0.5,
  1e308,
  2 ** 53,
  [],
  {},
  [null],
  [[["a"]]],
  nested(90),
  { constructor: { prototype: { polluted: true } } },
  { toString: 1, valueOf: 2, length: -1 },
  Array(200).fill({}),
];

/** Bodies as bytes, where JSON itself is what is wrong. */
const bodies: readonly (string | Blob)[] = [
  "null",
  "[]",
  "1",
  '"text"',
  "{",
  "{}{}",
  "\ufeff{}",
  "[".repeat(100_000),
  `${"[".repeat(50_000)}${"]".repeat(50_000)}`,
  `{"a":${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}}`,
  `{"a":[${"[],".repeat(100_000)}0]}`,
  '{"__proto__":{"polluted":true}}',
  '{"a":[{"__proto__":{"polluted":true}}]}',
  '{"\\u005f_proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '{"message":1e999}',
  new Blob([new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])]),
];

/** The parts of a call, one of them bad. */
interface Call {
  params?: Record<string, string>;
  query?: string;
  body?: unknown;
  headers?: Record<string, string>;
  user?: string;
}

const fieldsOf = (value: unknown): string[] => (typeof value === "object" && value ? Object.keys(value) : []);

/** The body with every value in every place of it. */
const variantsOf = (body: unknown): unknown[] => {
  if (Array.isArray(body)) return variantsOf(body[0]).map((first) => [first]);
  if (typeof body !== "object" || body === null) return [];
  return Object.entries(body).flatMap(([name, field]) =>
    [...values, ...variantsOf(field)].map((value) => ({ ...body, [name]: value })),
  );
};

/** Every part of a row with every value in its place. */
const callsOf = (id: RouteId, row: Route): Call[] => {
  const { body } = samples[id];
  const schema = row.body?.();
  const shape = schema && "shape" in schema ? Object.keys(Object(schema.shape)) : [];
  const unsaid = shape.filter((name) => !fieldsOf(body).includes(name));
  return [
    ...Object.keys(row.params?.().shape ?? {}).flatMap((name) =>
      texts.filter((text) => text !== "").map((text) => ({ params: { [name]: text } })),
    ),
    ...Object.keys(row.query?.().shape ?? {}).flatMap((name) =>
      texts.map((text) => ({ query: `?${new URLSearchParams({ [name]: text })}` })),
    ),
    ...variantsOf(body).map((variant) => ({ body: variant })),
    ...unsaid.flatMap((name) => values.map((value) => ({ body: { ...Object(body), [name]: value } }))),
    ...(row.body ? bodies.map((bytes) => ({ body: bytes })) : []),
    ...(row.user === "none" ? [] : ["a, b", "0", "__proto__", "é".repeat(200), "u".repeat(5_000)]).map(
      (user) => ({ user }),
    ),
    { headers: { "X-Muxi-Idempotency-Key": "k".repeat(5_000) } },
    { headers: { "X-Muxi-Request-ID": "__proto__", "Last-Event-ID": "9".repeat(400) } },
    { query: "?__proto__=1&constructor=2&%00=%00&%ff=%ff&limit=1&limit=2" },
  ];
};

/** What no UTF-8 can hold is replaced, as a browser does. */
const encoded = (text: string) => encodeURIComponent(Buffer.from(text).toString());

const pathOf = (row: Route, params: Record<string, string>) =>
  row.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encoded(params[name] ?? "nothing"));

const isBytes = (body: unknown) => typeof body === "string" || body instanceof Blob;

const described = ({ body, ...call }: Call) =>
  `${JSON.stringify(call)} ${isBytes(body) ? String(body).slice(0, 80) : JSON.stringify(body)}`.slice(0, 200);

/** What is wrong with the answer; undefined when nothing is. */
const problemOf = async (row: Route, response: Response): Promise<string | undefined> => {
  const type = response.headers.get("content-type") ?? "";
  if (type.startsWith("text/event-stream") || (response.ok && type.includes("ndjson"))) {
    await response.body?.cancel();
    return undefined;
  }
  const text = await response.text();
  const body: unknown = JSON.parse(text);
  if (response.ok) {
    const { object, type } = row.background && text.includes('"processing"') ? row.background : row;
    return envelopeSchema(object, type, row.data()).safeParse(body).error?.message;
  }
  const { error } = errorEnvelopeSchema().parse(body);
  const code = error.code as ErrorCode;
  const listed: readonly ErrorCode[] = ["RESOURCE_NOT_FOUND", "HEADERS_TOO_LARGE", ...listedErrors(row)];
  if (code === "INTERNAL_ERROR" || !listed.includes(code) || errorTable[code].status !== response.status) {
    return `${response.status} ${text.slice(0, 300)}`;
  }
  const internal = / at .*\.ts|node_modules|sqlite|pg_|postgres|SyntaxError|TypeError|RangeError/i;
  return internal.test(error.message) ? error.message : undefined;
};

const start = async (): Promise<Api> => {
  const sample = { toolsAreUsed: false };
  const dir = await writeFormation({
    ...filesOf(sample, true),
    "triggers/nested.md": "${{ data.a.b.c }}",
  });
  const { url, runtime } = await startFormation(dir);
  onTestFinished(() => runtime.close(0));
  return apiAt(url);
};

let calls = 0;
afterAll(() => {
  process.stdout.write(`${calls} hostile calls were answered by the rules\n`);
});

test.for(rows)("%s answers hostile values by the rules", async ([id, row]) => {
  const api = await start();
  const sample = samples[id];
  const key = row.key === "either" ? "client" : row.key;
  for (const call of callsOf(id, row)) {
    const { params, query = sample.query ?? "", body = sample.body, headers, user = "ann" } = call;
    const path = pathOf(row, { ...sample.params, ...params }) + query;
    const response = await api.request(row.method, path, {
      key,
      ...(row.user !== "none" && { user }),
      ...(headers && { headers }),
      ...(body !== undefined && { body }),
    });
    expect(await problemOf(row, response), described(call)).toBeUndefined();
    calls += 1;
  }
  expect("polluted" in {}).toBe(false);
  expect((await api.get("/health", { key: "none" })).status).toBe(200);
});
