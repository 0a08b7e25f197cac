import { expect, test } from "vitest";
import { freePort } from "../../../test/ports.ts";
import { untilExpected } from "../../../test/until.ts";
import { manifest, startFormation, writeFormation } from "./harness.ts";
import { startHttpMcp, startSessionMcp, startSilentMcp } from "./mcp-servers.ts";

const admin = { key: "admin" } as const;

test("each server is told with its state, its tools and what cannot be used of them", async () => {
  const plain = { type: "object" };
  const tools = [
    { name: "count", inputSchema: plain },
    { name: "fell", inputSchema: plain },
    { name: "grow", inputSchema: { type: "string" } },
  ];
  const [trees, own] = [await startSessionMcp(tools), await startSessionMcp(tools)];
  const closed = await startHttpMcp(undefined, () => false);
  const server = (id: string, url: string, more = "") =>
    `{ id: ${id}, description: d, type: http, endpoint: "${url}", max_retries: 1${more} }`;
  const api = await startFormation(
    await writeFormation({
      "formation.afs": `${manifest}mcp:
  servers:
    - ${server("trees", trees.url, ", tools: { deny: [fell] }")}
    - ${server("closed", closed.url, ", auth: { type: bearer, token: a-very-secret-token }")}
    - { id: lost, description: d, type: command, command: no-such-program-of-sk-1234567890, max_retries: 1 }
    - ${server("gone", `http://127.0.0.1:${await freePort()}/mcp`)}
`,
      "agents/keeper.afs": `schema: "1.0.0"
id: keeper
name: keeper
description: Keeps the orchard
mcp_servers:
  - trees
  - ${server("own", own.url)}
`,
    }),
    { env: { OPENAI_API_KEY: "sk-1234567890" } },
  );
  const reason = 'its arguments are of type "string", not "object"';
  const unusable_tools = [{ tool: "grow", reason }];
  const none = { tools: [], unusable_tools: [] };
  await untilExpected("all servers have been asked", async () => {
    const { data } = (await api.get("/mcp/servers", admin)).body;
    expect(data.count).toBe(5);
    expect(data.servers.map(({ id, status }: { id: string; status: object }) => [id, status])).toEqual([
      ["trees", { state: "ready", tools: ["count"], unusable_tools }],
      ["closed", { ...none, state: "failed", problem: "it answered 401 Unauthorized" }],
      [
        "lost",
        {
          ...none,
          state: "failed",
          problem: expect.stringMatching(/^no-such-program-of-\.\.\. did not answer: .*not found$/),
        },
      ],
      ["gone", { ...none, state: "failed", problem: expect.stringContaining("ECONNREFUSED") }],
      ["own", { state: "ready", tools: ["count", "fell"], unusable_tools }],
    ]);
  });
  expect((await api.get("/mcp/servers/own", admin)).body.data).toMatchObject({
    ...{ id: "own", type: "http", endpoint: own.url },
    status: { state: "ready" },
  });
  expect((await api.get("/status", admin)).body.data.mcp_servers).toEqual({ count: 5, active: 2 });
});

test("a server that has failed, or is not there in time, is a problem with its remedy", async () => {
  const silent = await startSilentMcp();
  const closed = await startHttpMcp(undefined, () => false);
  const { runtime } = await startFormation(
    await writeFormation({
      "formation.afs": `${manifest}mcp: { startup_timeout_seconds: 0.5 }
llm: { models: [{ text: openai/gpt-4o }] }
`,
      "mcp/closed.afs": `id: closed
description: d
type: http
endpoint: "${closed.url}"
max_retries: 1
`,
      "mcp/silent.afs": `id: silent
description: d
type: http
endpoint: "${silent.url}"
max_retries: 1
`,
    }),
  );
  const model = { kind: "model", name: "openai/gpt-4o", message: expect.any(String) };
  const failed = [
    {
      ...{ kind: "mcp", name: "closed" },
      message: "it answered 401 Unauthorized. It is defined in mcp/closed.afs",
    },
  ];
  await untilExpected("the closed server has been asked", async () =>
    expect(await runtime.problems(false)).toEqual([model, ...failed]),
  );
  const late = "It did not list its tools within 0.5 s (mcp.startup_timeout_seconds)";
  expect(await runtime.problems(true)).toEqual([
    model,
    ...failed,
    { kind: "mcp", name: "silent", message: late },
  ]);
  silent.end();
});
