import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { until } from "../../../test/until.ts";
import type { Answer, Api } from "./harness.ts";
import type { ReplyScript } from "./model-server.ts";

/**
 * The formation whose databases are in `fixtures/databases`: what was asked of it before each was stored. Tests of
 * migrations ask it the rest.
 */

export const storedDatabases = path.join(import.meta.dirname, "fixtures/databases");

const engine = process.env.MUXI_TEST_POSTGRES ? "postgres" : "sqlite";

/** The stored databases of the engine of this run. */
export const storedNames = globSync("*.sql", { cwd: path.join(storedDatabases, engine) }).sort();

/** As SQL that makes it. */
export const readStored = (name: string): string =>
  readFileSync(path.join(storedDatabases, engine, name), "utf8");

/** Its clock began here: requests are kept for a day, and tests go on within it. */
export const storedAt = Date.parse("2026-01-05T10:00:00Z");

/** Its files. */
export const storedFiles = (modelUrl: string, connectionString?: string): Record<string, string> => ({
  "formation.afs": `schema: "1.0.0"
id: orchard
description: Answers questions about an orchard
server: { api_keys: { client_key: fmc_test, admin_key: fma_test } }
llm:
  settings: { base_url: "${modelUrl}/v1" }
  models: [{ text: openai/test-model, api_key: sk-test }, { embedding: openai/test-embedding }]
memory:
  persistent: { extraction: false${connectionString === undefined ? "" : `, connection_string: "${connectionString}"`} }
mcp:
  servers:
    - id: tools
      description: Garden tools
      type: http
      active: false
      endpoint: http://127.0.0.1:9/mcp
      auth: { type: bearer, token: "\${{ user.credentials.tools }}" }
`,
});

/** Its secrets. */
export const storedSecrets = { USER_CREDENTIALS_TOOLS: "one for everybody" };

/** What its embedding model makes of a text: fruit is near to fruit. */
export const meaningOf = (text: string): number[] =>
  /apple|fruit|orchard/i.test(text) ? [1, 0.1, 0] : [0, 0.1, 1];

/** A chat that may be sent again; its fields in the order in which they were sent. */
export const repeatable = {
  user: "ben",
  headers: { "X-Muxi-Idempotency-Key": "key-1" },
  body: { stream: false, message: "Is it cold?", session_id: "s3", request_id: "req_cold" },
};

/** It has not answered this when it ends: whoever opens its database does. */
export const unanswered = "Count the trees";

/** What its model says. */
export const storedReply: ReplyScript = ({ body }) =>
  JSON.stringify(body).includes(unanswered) ? { before: new Promise(() => {}) } : {};

/** Memories that it gets; each has a vector when the database is stored. */
export const storedMemories = ["Drives a red tractor", "Prefers the Egremont Russet apple"];

/** What the first of them said before; not in databases from before there were versions. */
export const storedVersion = "Drives a blue tractor";

const expectStatus = ({ status, body }: Answer, wanted: number): void => {
  if (status !== wanted) throw new Error(`expected ${wanted}, got ${status}: ${JSON.stringify(body)}`);
};

/** Asks it everything that a stored database is to hold. */
export const fillDatabase = async ({ call }: Pick<Api, "call">, webhookUrl: string): Promise<void> => {
  const ann = { user: "ann" };
  const chat = async (body: Record<string, unknown>, options: object, status = 200) =>
    expectStatus(await call("POST", "/chat", { ...options, body: { stream: false, ...body } }), status);

  await chat({ message: "Which apple is best?", session_id: "s1", request_id: "req_apple" }, ann);
  await chat({ message: "And which pear?", session_id: "s1", request_id: "req_pear" }, ann);
  await chat({ message: "When do I prune?", session_id: "s2", request_id: "req_prune" }, ann);
  expectStatus(await call("POST", "/chat", repeatable), 200);

  const later = { session_id: "s2", request_id: "req_later", mode: "async", webhook_url: webhookUrl };
  await chat({ message: "Plan the harvest", ...later }, ann, 202);
  await until("the background request is completed", async () => {
    const { body } = await call("GET", "/requests/req_later", ann);
    return body.data.status === "completed";
  });
  await until("its webhook is sent", async () => {
    const { body } = await call("GET", "/deliveries", { key: "admin" });
    return body.data.deliveries[0]?.status === "sent";
  });

  const [replacing] = storedMemories;
  for (const content of [storedVersion, ...storedMemories]) {
    const body = {
      content,
      ...((content === storedVersion || content === replacing) && { subject: "tractor" }),
    };
    expectStatus(await call("POST", "/memories", { ...ann, body }), 200);
  }
  const items = [{ type: "fact", detail: "Owns two ladders", source: "notes" }];
  expectStatus(await call("POST", "/memories/batch", { user: "ben", body: { items } }), 200);

  const jobs = { user: "ann", key: "admin" as const };
  const weekly = { type: "prompt", schedule: "0 9 * * 1", message: "Water the trees" };
  expectStatus(await call("POST", "/scheduler/jobs", { ...jobs, body: weekly }), 201);
  const once = { type: "one_time", schedule: "2036-03-01T09:00:00Z", message: "Graft the old tree" };
  expectStatus(await call("POST", "/scheduler/jobs", { ...jobs, body: once }), 201);

  const identifiers = ["ann", "ann@orchard.example"];
  expectStatus(await call("POST", "/users/identifiers", { body: { identifiers } }), 200);
  const credential = { service: "tools", name: "shed", credential: { token: "secret-1" } };
  expectStatus(await call("POST", "/credentials", { ...ann, body: credential }), 201);

  await chat({ message: unanswered, session_id: "s4", request_id: "req_waiting", mode: "async" }, ann, 202);
};
