import { readFile } from "node:fs/promises";
// biome-ignore lint/style/noRestrictedImports: this test holds our copy against the one table.
import { type ErrorCode, errorTable, isRetryable, routes } from "@muxi/protocol";
import { afterEach, describe, expect, test, vi } from "vitest";
import { errorOfCode, errorOfStatus } from "../src/errors/classify.ts";
import { FormationClient, type FormationClientOptions, ServerClient, version } from "../src/index.ts";

afterEach(() => vi.unstubAllEnvs());

describe("where the calls go", () => {
  test.each<[string, FormationClientOptions, string]>([
    ["live", { serverUrl: "http://s:7890/", formationId: "my bot" }, "http://s:7890/api/my%20bot/v1"],
    ["draft", { serverUrl: "http://s", formationId: "b", mode: "draft" }, "http://s/draft/b/v1"],
    ["direct", { url: "http://f:8001//", serverUrl: "http://s", formationId: "b" }, "http://f:8001/v1"],
    ["given", { baseUrl: "https://x/y/", url: "http://f" }, "https://x/y"],
  ])("%s", (_, options, expected) => {
    expect(new FormationClient(options).baseUrl).toBe(expected);
  });

  test("the environment fills in what the options leave out", () => {
    vi.stubEnv("MUXI_SERVER_URL", "http://s");
    expect(new FormationClient({ formationId: "b" }).baseUrl).toBe("http://s/api/b/v1");
    expect(new ServerClient().baseUrl).toBe("http://s");
    vi.stubEnv("MUXI_FORMATION_URL", "http://f");
    expect(new FormationClient().baseUrl).toBe("http://f/v1");
    expect(new FormationClient({ serverUrl: "http://t", formationId: "b" }).baseUrl).toBe(
      "http://t/api/b/v1",
    );
  });
});

describe("what cannot be used is refused with its name", () => {
  test.each<[option: string, options: object]>([
    ["url", {}],
    ["formationId", { serverUrl: "http://s" }],
    ["formationId", { serverUrl: "http://s", formationId: " " }],
    ["formationId", { serverUrl: "http://s", formationId: ".." }],
    ["serverUrl", { serverUrl: "localhost:7890", formationId: "b" }],
    ["url", { url: "not a url" }],
    ["url", { url: "http://user:secret@f" }],
    ["baseUrl", { baseUrl: "http://f/v1?x=1" }],
    ["mode", { serverUrl: "http://s", formationId: "b", mode: "production" }],
    ["clientKey", { url: "http://f", clientKey: "" }],
    ["clientKey", { url: "http://f", clientKey: "a\nb" }],
    ["userId", { url: "http://f", userId: "用户" }],
    ["timeout", { url: "http://f", timeout: -1 }],
    ["timeout", { url: "http://f", timeout: 2 ** 31 }],
    ["maxRetries", { url: "http://f", maxRetries: 1.5 }],
    ["idleTimeout", { url: "http://f", idleTimeout: Number.NaN }],
    ["client_key", { url: "http://f", client_key: "x" }],
    ["timeout", { url: "http://f", timeout: "30" }],
    ["fetch", { url: "http://f", fetch: "undici" }],
    ["headers", { url: "http://f", headers: { "x-app": "a\nb" } }],
  ])("%s: %o", (option, options) => {
    expect(() => new FormationClient(options)).toThrow(
      expect.objectContaining({ name: "ConfigurationError", option }),
    );
  });

  test("an option in the wrong spelling sees the right one", () => {
    const options: object = { server_url: "http://s" };
    expect(() => new FormationClient(options)).toThrow("server_url: unknown option; there are serverUrl");
  });

  test.each<[option: string, run: (formation: FormationClient) => unknown]>([
    ["adminKey", (formation) => formation.getStatus()],
    ["clientKey", (formation) => formation.getTriggers()],
    ["clientKey", async (formation) => formation.chatStream({ message: "Hi" })],
    ["sessionId", (formation) => formation.as("u").getSession({ sessionId: "" })],
    ["agentId", (formation) => formation.getAgent({ agentId: "." })],
    ["filter", async (formation) => formation.streamLogs({})],
  ])("a call without %s", async (option, run) => {
    const formation = new FormationClient({ url: "http://127.0.0.1:9" });
    await expect(run(formation)).rejects.toMatchObject({ name: "ConfigurationError", option });
  });

  test.each<[option: string, options: object]>([
    ["user_id", { user_id: "u" }],
    ["timeout", { timeout: Number.NaN }],
    ["maxRetries", { maxRetries: -1 }],
    ["idempotencyKey", { idempotencyKey: "" }],
    ["headers", { headers: { traceparent: "00\n" + "x" } }],
    ["signal", { signal: new AbortController() }],
  ])("the last argument of a call, %s: %o", async (option, options) => {
    const formation = new FormationClient({ url: "http://127.0.0.1:9", clientKey: "ck", adminKey: "ak" });
    const server = new ServerClient({ url: "http://127.0.0.1:9" });
    const refused = { name: "ConfigurationError", option };
    await expect(formation.getStatus(options)).rejects.toMatchObject(refused);
    await expect(formation.chat({ message: "Hi" }, options)).rejects.toMatchObject(refused);
    await expect(formation.request({ path: "/", key: "client" }, options)).rejects.toMatchObject(refused);
    await expect(async () => server.status(options)).rejects.toMatchObject(refused);
    expect(() => formation.chatStream({ message: "Hi" }, options)).toThrow(expect.objectContaining(refused));
    expect(() => server.startFormationStream({ formationId: "b" }, options)).toThrow(
      expect.objectContaining(refused),
    );
  });

  test("a user that is named where no user belongs is not passed over", async () => {
    const formation = new FormationClient({ url: "http://127.0.0.1:9", clientKey: "ck", userId: "u" });
    const misplaced: object = { userId: "other" };
    await expect(formation.getSessions({ limit: 5 }, misplaced)).rejects.toMatchObject({
      name: "ConfigurationError",
      option: "userId",
    });
  });

  test("a call that needs a user says so", async () => {
    const formation = new FormationClient({ url: "http://127.0.0.1:9", clientKey: "ck" });
    await expect(formation.getSessions()).rejects.toThrow("userId: is needed for GET /sessions");
    await expect(formation.getRequests()).rejects.toThrow("userId: is needed");
  });
});

const codes = Object.keys(errorTable) as ErrorCode[];

test.each(codes)("an answer's error %s is of its class, and says whether it passes", (code) => {
  const { status, class: name } = errorTable[code];
  expect(errorOfStatus(status, "It failed", { code })).toMatchObject({
    name,
    code,
    statusCode: status,
    retryable: isRetryable(code),
  });
});

/** Of a chat's errors, those that refuse it before its stream begins. */
const beforeStream: readonly ErrorCode[] = ["INVALID_REQUEST", "PAYLOAD_TOO_LARGE"];

test.each([...routes.chat.errors, "INTERNAL_ERROR" as const].filter((code) => !beforeStream.includes(code)))(
  "a stream's error %s is what it is before the stream",
  (code) => {
    const { status, class: name } = errorTable[code];
    expect(errorOfCode(code, "It failed")).toMatchObject({
      name,
      code,
      statusCode: status,
      retryable: isRetryable(code),
    });
  },
);

test("the version is that of the package", async () => {
  const manifest = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
  expect(version).toBe(manifest.version);
});
