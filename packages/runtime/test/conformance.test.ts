import { openSecrets } from "@muxi/formation";
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
import { filesOf, type Sample, samples } from "./conformance-samples.ts";
import { type Answer, type Api, framesOf, startFormation, writeFormation } from "./harness.ts";
import { startModelServer } from "./model-server.ts";
import { startReceiver } from "./receiver.ts";

type Options = NonNullable<Parameters<Api["call"]>[2]>;

const rows = Object.entries(routes) as [RouteId, Route][];
let conforming = 0;

const start = async (sample: Sample) => {
  const files = filesOf(sample);
  const models = await startModelServer();
  onTestFinished(() => models.close());
  models.defaultReply = (request) =>
    JSON.stringify(request.body).includes("Take your time") ? { stallAfter: 1 } : {};
  const speech = await startReceiver(() => ({
    status: 200,
    headers: { "content-type": "application/json" },
    body: '{"text":"Hello"}',
  }));
  const llm = `llm:
  settings: { base_url: "${models.url}/v1" }
  models:
    - { text: openai/test-model, api_key: sk-test }
    - { audio: openai/test-speech, api_key: sk-test, settings: { base_url: "${speech.url}" } }
`;
  const dir = await writeFormation({ ...files, "formation.afs": `${files["formation.afs"]}${llm}` });
  await (await openSecrets(dir)).set("USER_CREDENTIALS_TOOLS", "one for everybody");
  return startFormation(dir);
};

const pathOf = (row: Route, params: Record<string, string>) =>
  row.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? "nothing"));

const keyOf = ({ key }: Route) => (key === "either" ? "client" : key);

/** A valid call, but for what is to be found wrong. */
const optionsOf = (row: Route, sample: Sample, wrong: Options = {}): Options => ({
  key: keyOf(row),
  ...(row.user !== "none" && { user: "ann" }),
  ...(sample.body !== undefined && { body: sample.body }),
  ...wrong,
});

/** Errors that any row can give (contract/formation-api.md 4). */
const general: readonly ErrorCode[] = [
  "UNAUTHORIZED",
  "METHOD_NOT_ALLOWED",
  "INVALID_PARAMS",
  "INVALID_REQUEST",
  "UNSUPPORTED_MEDIA_TYPE",
];

const expectError = (row: Route, { status, body }: Answer, statuses: readonly number[]) => {
  expect(statuses).toContain(status);
  const { error } = errorEnvelopeSchema.parse(body);
  const code = error.code as ErrorCode;
  expect([...general, ...row.errors]).toContain(code);
  expect(errorTable[code].status).toBe(status);
  expect(error.message).not.toMatch(/ at .*\.ts|node_modules|undefined|\[object/);
};

const expectStream = async (row: Route, response: Response, { isEndless }: Sample) => {
  expect(response.status).toBe(row.status);
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  if (isEndless) return response.body?.cancel();
  for await (const { data } of framesOf(response)) row.stream?.events.parse(data);
};

const expectSuccess = (row: Route, { status, body, headers }: Answer) => {
  expect(body.error).toBeNull();
  expect(status).toBe(row.status);
  envelopeSchema(row.object, row.type, row.data).parse(body);
  expect(headers.get("x-muxi-request-id")).toBe(body.request.id);
};

test.for(rows)("%s", async ([id, row]) => {
  const sample: Sample = samples[id];
  const api = await start(sample);
  const params = { ...sample.params, ...(await sample.prepare?.(api)) };
  const path = pathOf(row, params) + (sample.query ?? "");
  const call = (wrong: Options, route = path) => api.call(row.method, route, optionsOf(row, sample, wrong));

  if (row.key !== "none") {
    expectError(row, await call({ key: "none" }), [401]);
    const wrongClass = { client: "admin", admin: "client" } as const;
    if (row.key !== "either") expectError(row, await call({ key: wrongClass[row.key] }), [401]);
  }
  if (row.user === "required") {
    const { user: _, ...nobody } = optionsOf(row, sample);
    expectError(row, await api.call(row.method, path, nobody), [400]);
  }
  expectError(row, await api.call("PATCH", path, { key: keyOf(row) }), [405]);
  if (row.body) {
    expectError(row, await call({ body: "{" }), [400]);
    expectError(row, await call({ body: '"text"' }), [422]);
    expectError(row, await call({ headers: { "Content-Type": "text/plain" } }), [415]);
  }
  if (row.query && "limit" in row.query.shape) {
    for (const limit of ["0", "x", "1000000"]) {
      expectError(row, await call({}, `${pathOf(row, params)}?limit=${limit}`), [400, 422]);
    }
  }
  const notFound = row.errors.some((code) => errorTable[code].status === 404);
  if (row.params && notFound) {
    const { missing } = sample;
    const wrong = missing ? { user: missing.user } : {};
    expectError(row, await call(wrong, pathOf(row, missing?.params ?? {}) + (sample.query ?? "")), [404]);
  }

  if (row.stream) {
    const body =
      sample.body === undefined
        ? {}
        : { body: { ...Object(sample.body), request_id: "req_s", stream: true } };
    await expectStream(row, await api.request(row.method, path, optionsOf(row, sample, body)), sample);
  }
  if (!row.stream?.always) expectSuccess(row, await call({}));
  conforming += 1;
});

afterAll(() => {
  process.stdout.write(`${conforming} of ${rows.length} rows of the route table conform\n`);
});
