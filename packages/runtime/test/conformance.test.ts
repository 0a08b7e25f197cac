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
import { type Bench, type Provocation, provocations } from "./conformance-errors.ts";
import { filesOf, type Sample, samples } from "./conformance-samples.ts";
import { type Answer, type Api, framesOf, startFormation, writeFormation } from "./harness.ts";
import { listedErrors } from "./listed-errors.ts";
import { type Reply, startModelServer } from "./model-server.ts";
import { startReceiver } from "./receiver.ts";

type Options = NonNullable<Parameters<Api["call"]>[2]>;

const rows = Object.entries(routes) as [RouteId, Route][];
let conforming = 0;
let provoked = 0;

const asksWhichField: Reply = {
  text: [],
  toolCalls: [{ id: "c1", name: "ask_user", arguments: ['{"question":"Which field?"}'] }],
};

const start = async (sample: Sample, provocation: Provocation = {}): Promise<Bench> => {
  const files = filesOf(sample, provocation.manifest?.includes("memory:"));
  const models = await startModelServer();
  onTestFinished(() => models.close());
  models.defaultReply = ({ body }) => {
    if (provocation.reply) return provocation.reply;
    const asked = JSON.stringify(body);
    if (asked.includes('Take your time"}')) return { stallAfter: 1 };
    return asked.includes('Ask me"}') ? asksWhichField : {};
  };
  const speech = await startReceiver(() => ({
    status: 200,
    headers: { "content-type": "application/json" },
    body: '{"text":"Hello"}',
  }));
  const { manifest = "", isDeaf } = provocation;
  const patience = manifest.includes("impatient") ? 0.2 : 30;
  const ears = `- { audio: openai/test-speech, api_key: sk-test, settings: { base_url: "${speech.url}" } }`;
  const llm = `llm:
  settings: { base_url: "${models.url}/v1", max_retries: 0, timeout_seconds: ${patience} }
  models:
    - { text: openai/test-model, api_key: sk-test }
    ${isDeaf ? "" : ears}
`;
  const dir = await writeFormation({
    ...files,
    "formation.afs": `${files["formation.afs"]}${llm}${manifest}`,
  });
  const secrets = await openSecrets(dir);
  await secrets.set("USER_CREDENTIALS_TOOLS", "one for everybody");
  await secrets.set("USED", "in the manifest");
  return { api: await startFormation(dir), models, dir };
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

const expectError = (row: Route, { status, body }: Answer, code: ErrorCode) => {
  expect(body.object, `instead of ${code}: ${JSON.stringify(body)}`).toBe("error");
  const { error } = errorEnvelopeSchema().parse(body);
  expect([error.code, status, error.message]).toEqual([code, errorTable[code].status, expect.any(String)]);
  expect(["METHOD_NOT_ALLOWED", ...listedErrors(row)]).toContain(code);
  // It is meant for a person: a sentence, and nothing of the program.
  expect(error.message).toMatch(/^['/\w].{15,}/);
  expect(error.message).not.toMatch(/ at .*\.ts|node_modules|undefined|\[object|NaN|Error:/);
};

const expectStream = async (row: Route, response: Response, { isEndless }: Sample) => {
  expect(response.status).toBe(row.status);
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  if (isEndless) return response.body?.cancel();
  for await (const { data } of framesOf(response)) row.stream?.events().parse(data);
};

const expectLines = async (row: Route, response: Response) => {
  expect(response.status).toBe(row.status);
  expect(response.headers.get("content-type")).toBe("application/x-ndjson");
  const lines = (await response.text()).trimEnd().split("\n");
  for (const line of lines) row.lines?.().parse(JSON.parse(line));
};

const expectSuccess = (row: Route, { status, body, headers }: Answer) => {
  expect(body.error).toBeNull();
  expect(status).toBe(row.status);
  envelopeSchema(row.object, row.type, row.data()).parse(body);
  expect(headers.get("x-muxi-request-id")).toBe(body.request.id);
};

/** Each of the row's own errors, with the means to it. */
const provoke = async (id: RouteId, row: Route, code: ErrorCode, provocation: Provocation) => {
  const sample: Sample = samples[id];
  const bench = await start(sample, provocation);
  const { api } = bench;
  const prepared = await sample.prepare?.(api);
  await provocation.prepare?.(bench);
  const params = provocation.params ?? { ...sample.params, ...prepared };
  const { user = "ann", key = keyOf(row), body, headers, query = sample.query ?? "" } = provocation;
  const called = api.call(row.method, pathOf(row, params) + query, {
    ...optionsOf(row, sample),
    ...(row.user !== "none" && { user }),
    key,
    ...(body && { body: { ...Object(sample.body), ...body } }),
    ...(headers && { headers }),
  });
  await provocation.meanwhile?.(bench);
  expectError(row, await called, code);
};

test.for(rows)("%s", async ([id, row]) => {
  const sample: Sample = samples[id];
  const { api } = await start(sample);
  const params = { ...sample.params, ...(await sample.prepare?.(api)) };
  const path = pathOf(row, params) + (sample.query ?? "");
  const call = (wrong: Options, route = path) => api.call(row.method, route, optionsOf(row, sample, wrong));

  if (row.key !== "none") {
    expectError(row, await call({ key: "none" }), "UNAUTHORIZED");
    const wrongClass = { client: "admin", admin: "client" } as const;
    if (row.key !== "either") expectError(row, await call({ key: wrongClass[row.key] }), "UNAUTHORIZED");
  }
  if ((row.user === "required" || row.user === "filter") && !sample.mayBeUser) {
    const { user: _, ...nobody } = optionsOf(row, sample);
    expectError(row, await api.call(row.method, path, { ...nobody, key: "client" }), "INVALID_REQUEST");
  }
  expectError(row, await api.call("PROPFIND", path, { key: keyOf(row) }), "METHOD_NOT_ALLOWED");
  if (row.body) {
    const { body: _, ...nothingSaid } = optionsOf(row, sample);
    if (!row.body().safeParse(undefined).success)
      expectError(row, await api.call(row.method, path, nothingSaid), "INVALID_PARAMS");
    expectError(row, await call({ body: "{" }), "INVALID_REQUEST");
    expectError(row, await call({ body: '"text"' }), "INVALID_PARAMS");
    expectError(row, await call({ headers: { "Content-Type": "text/plain" } }), "UNSUPPORTED_MEDIA_TYPE");
  }
  if (row.query && "limit" in row.query().shape) {
    for (const limit of ["0", "-1", "1.5", "x", "", "1000000"]) {
      expectError(row, await call({}, `${pathOf(row, params)}?limit=${limit}`), "INVALID_PARAMS");
    }
  }

  if (row.stream) {
    const body =
      sample.body === undefined
        ? {}
        : { body: { ...Object(sample.body), request_id: "req_s", stream: true } };
    await expectStream(row, await api.request(row.method, path, optionsOf(row, sample, body)), sample);
  }
  if (row.lines) await expectLines(row, await api.request(row.method, path, optionsOf(row, sample)));
  else if (!row.stream?.always) expectSuccess(row, await call({}));

  for (const [code, means] of Object.entries<Provocation | { elsewhere: string }>(provocations[id])) {
    if (!("elsewhere" in means)) {
      await provoke(id, row, code as ErrorCode, means);
      provoked += 1;
    }
  }
  conforming += 1;
});

afterAll(() => {
  process.stdout.write(
    `${conforming} of ${rows.length} rows of the route table conform; ${provoked} of their errors were provoked\n`,
  );
});
