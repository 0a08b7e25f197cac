import { openFormation, openSecrets } from "@muxi/formation";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../../../test/until.ts";
import type { Owner } from "../src/store/index.ts";
import { createAgentToolList } from "../src/tools/agent-tool-list.ts";
import { type CredentialSource, createToolbox } from "../src/tools/index.ts";
import { createToolReader } from "../src/tools/offered-tools.ts";
import { manifest, noJournal, writeFormation } from "./harness.ts";
import { commandServer, startHttpMcp, startSessionMcp, startSseMcp } from "./mcp-servers.ts";

const nobody: CredentialSource = {
  ofUser: async () => [],
  ofFormation: () => undefined,
  redirectMessage: undefined,
  isDynamic: false,
};

const ann = { formationId: "orchard", userId: "ann" };

interface Opened {
  agentId?: string;
  credentials?: CredentialSource;
  secrets?: Record<string, string>;
}

/** The tools of a formation's first agent, by name, and what was logged. */
const openTools = async (
  files: Record<string, string>,
  { agentId, credentials = nobody, secrets = {} }: Opened = {},
) => {
  const dir = await writeFormation(files);
  for (const [name, value] of Object.entries(secrets)) await (await openSecrets(dir)).set(name, value);
  const formation = await openFormation(dir);
  const warnings: string[] = [];
  const log = {
    info: () => {},
    warn: (details: object, message: string) => warnings.push(`${message} ${JSON.stringify(details)}`),
  };
  const env = { PATH: process.env.PATH, OPENAI_API_KEY: "sk-of-the-formation" };
  const approvals = { isAllowed: async () => false };
  const toolbox = createToolbox({ formation, env, credentials, approvals, log, now: Date.now });
  onTestFinished(() => toolbox.close());
  const agent = formation.agents.find(({ id }) => id === agentId) ?? formation.agents[0];
  if (!agent) throw new Error("the formation has no agent");
  const toolsFor = async (owner: Owner) =>
    new Map(
      (await toolbox.toolsOf(agent, { ...owner, sessionId: "s1" }))?.map((tool) => [
        tool.definition.name,
        tool,
      ]),
    );
  const tools = await toolsFor(ann);
  const call = async (name: string, args: Record<string, unknown> = {}, owner = ann) => {
    const tool = (await toolsFor(owner)).get(name);
    if (!tool) throw new Error(`no tool ${name} among ${[...tools.keys()].join(", ")}`);
    return tool.call(args, new AbortController().signal, noJournal);
  };
  const starting = () => toolbox.startingFor(agent);
  return { tools, names: [...tools.keys()], call, warnings, toolbox, starting };
};

const agentFile = (id: string, rest: string) => `schema: "1.0.0"
id: ${id}
name: ${id}
description: Works in the orchard
${rest}`;

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test("a program's tools are called with the server's parameters and environment", async () => {
  const { call, names, toolbox } = await openTools({
    "formation.afs": `${manifest}input_limits: { max_tool_output_size: 100 }\n`,
    "mcp/trees.afs": commandServer(
      "trees",
      `env: { SEASON: autumn }
auth: { type: env, TREE_TOKEN: t-1 }
parameters: { unit: rows }
`,
    ),
  });
  expect(names).toContain("trees__count_trees");
  expect(await call("trees__count_trees", { kind: "pear" })).toEqual({ text: "12 pear rows", failed: false });
  expect(await call("trees__count_trees", { kind: "pear", unit: "acres" })).toMatchObject({
    text: "12 pear acres",
  });
  expect(await call("trees__fell_tree")).toEqual({ text: "The saw is broken", failed: true });
  expect((await call("trees__picture")).text).toBe(
    "[image: image/png, 6 bytes]\n[resource orchard://note]\nAn old tree",
  );
  expect((await call("trees__almanac")).text).toBe(`${"é".repeat(50)}\n[cut here: 3900 more bytes]`);
  await toolbox.close();
});

test("a program gets its own environment and none of the formation's keys", async () => {
  const { call } = await openTools({
    "mcp/trees.afs": commandServer("trees", "env: { SEASON: autumn }\nauth: { type: env, TREE_TOKEN: t-1 }"),
  });
  const environment = JSON.parse((await call("trees__environment")).text);
  expect(environment).toMatchObject({ SEASON: "autumn", TREE_TOKEN: "t-1" });
  expect(environment).not.toHaveProperty("OPENAI_API_KEY");
});

test("a program runs on between calls, or ends after each when connection_ttl is 0", async () => {
  const { call } = await openTools({
    "mcp/lasting.afs": commandServer("lasting"),
    "mcp/brief.afs": commandServer("brief", "connection_ttl: 0"),
  });
  const lasting = await call("lasting__process_id");
  expect(await call("lasting__process_id")).toEqual(lasting);
  const brief = await call("brief__process_id");
  expect(await call("brief__process_id")).not.toEqual(brief);
  await until("the program has ended", () => !isAlive(Number(brief.text)));
});

test("a program that died is started again", async () => {
  const { call } = await openTools({ "mcp/trees.afs": commandServer("trees") });
  const { text: pid } = await call("trees__process_id");
  process.kill(Number(pid), "SIGKILL");
  await until("the program has ended", () => !isAlive(Number(pid)));
  await until("another program answers", () =>
    call("trees__process_id").then(
      ({ text }) => text !== pid,
      () => false,
    ),
  );
});

test("programs end with the toolbox, also those that ignore the end of their input", async () => {
  const { call, toolbox } = await openTools({
    "mcp/trees.afs": commandServer("trees", "env: { CARELESS: 1 }"),
  });
  const pid = Number((await call("trees__process_id")).text);
  await toolbox.close();
  expect(isAlive(pid)).toBe(false);
});

test.each([
  ["{ type: bearer, token: t-1 }", "authorization", "Bearer t-1"],
  ["{ type: basic, username: ann, password: pw }", "authorization", "Basic YW5uOnB3"],
  ["{ type: api_key, key: k-1 }", "x-api-key", "k-1"],
  ["{ type: api_key, key: k-1, header: X-Orchard }", "x-orchard", "k-1"],
])("HTTP with auth %s", async (auth, header, value) => {
  const server = await startHttpMcp();
  const { call } = await openTools({
    "mcp/trees.afs": `id: trees
description: Trees
type: http
endpoint: ${server.url}
headers: { X-Team: fruit }
auth: ${auth}
`,
  });
  expect(await call("trees__count_trees", { kind: "apple" })).toEqual({
    text: "12 apple trees",
    failed: false,
  });
  expect(server.headers.at(-1)).toMatchObject({ [header]: value, "x-team": "fruit" });
});

test("children in sessions of their own end with their server, however it ends", async () => {
  const { call, toolbox } = await openTools({
    "mcp/one.afs": commandServer("one"),
    "mcp/two.afs": commandServer("two"),
  });
  const [one, two] = [Number((await call("one__hire")).text), Number((await call("two__hire")).text)];
  process.kill(Number((await call("one__process_id")).text), "SIGKILL");
  await until("the child of the killed server has ended", () => !isAlive(one));
  expect(isAlive(two)).toBe(true);
  await toolbox.close();
  await until("the child of the closed server has ended", () => !isAlive(two));
});

test("a server that refuses streamable HTTP is spoken to over SSE", async () => {
  const server = await startSseMcp();
  const { call } = await openTools({
    "mcp/old.afs": `id: old\ndescription: Old\ntype: http\nendpoint: ${server.url}\n`,
  });
  expect(await call("old__greet")).toEqual({ text: "Hello from the older server", failed: false });
});

test("two servers may offer the same tool", async () => {
  const { names } = await openTools({
    "mcp/a.b.afs": commandServer("a.b", 'tools: { allow: ["count_*"] }'),
    "mcp/a_b.afs": commandServer("a_b", 'tools: { allow: ["count_*"] }'),
  });
  expect(names).toEqual(["a_b__count_trees", "a_b__count_trees_2"]);
});

test("filters narrow what an agent gets", async () => {
  const files = {
    "mcp/trees.afs": commandServer("trees", 'tools: { allow: ["*_tree*", "pictur?"], deny: ["prune_*"] }'),
    "agents/keeper.afs": agentFile("keeper", 'mcp_servers: [{ id: trees, tools: { deny: ["fell_*"] } }]'),
    "agents/talker.afs": agentFile("talker", "mcp_servers: []"),
  };
  const keeper = await openTools(files, { agentId: "keeper" });
  expect(keeper.names).toEqual(["trees__count_trees", "trees__picture"]);
  expect(keeper.warnings.join()).toContain("prune_*");
  // One agent names a server, so that grants are explicit for all.
  expect((await openTools(files, { agentId: "talker" })).names).toEqual([]);
});

test("an agent's own server is its own", async () => {
  const server = commandServer("private").trim().split("\n").join("\n    ");
  const files = {
    "agents/keeper.afs": agentFile("keeper", `mcp_servers:\n  - ${server}`),
    "agents/talker.afs": agentFile("talker", ""),
  };
  expect((await openTools(files, { agentId: "keeper" })).names).toContain("private__count_trees");
  expect((await openTools(files, { agentId: "talker" })).names).toEqual([]);
});

test("a server that fails is reported and skipped", async () => {
  const { names, warnings } = await openTools({
    "mcp/good.afs": commandServer("good", "tools: { allow: picture }"),
    "mcp/missing.afs":
      "id: missing\ndescription: x\ntype: command\ncommand: no-such-program\nmax_retries: 1\n",
    "mcp/none.afs": commandServer("none", "tools: { allow: nothing }"),
  });
  expect(names).toEqual(["good__picture"]);
  expect(warnings.join("\n")).toContain('"server":"missing"');
  expect(warnings.join("\n")).toContain(
    'the MCP server offers no tools that its filter lets through: it is skipped {"server":"none"',
  );
});

test("each user reaches a server with the credential they stored, and the formation lists with its own", async () => {
  const server = await startHttpMcp();
  const stored: Record<string, { name: string; token: string }[]> = {
    ann: [{ name: "forge", token: "token-of-ann" }],
    bob: [{ name: "forge", token: 'token-of-"bob"' }],
    cyd: [
      { name: "work", token: "token-of-cyd-1" },
      { name: "home", token: "token-of-cyd-2" },
    ],
  };
  const { call, tools } = await openTools(
    {
      "mcp/trees.afs": `id: trees
description: Trees
type: http
endpoint: ${server.url}
auth: { type: bearer, token: "\${{ user.credentials.Forge }}" }
`,
    },
    {
      secrets: { USER_CREDENTIALS_FORGE: "token-of-the-formation" },
      credentials: {
        ofUser: async ({ userId }, service) => (service === "forge" ? (stored[userId] ?? []) : []),
        ofFormation: (service) => (service === "forge" ? "token-of-the-formation" : undefined),
        redirectMessage: "Add it under https://orchard.example/keys",
        isDynamic: false,
      },
    },
  );
  const sent = () => server.headers.at(-1)?.authorization;
  expect(sent()).toBe("Bearer token-of-the-formation");
  expect(tools.get("trees__count_trees")?.definition.parameters).toMatchObject({
    properties: { kind: { type: "string" }, muxi_credential: { type: "string" } },
  });

  const as = (userId: string, args = {}) =>
    call("trees__count_trees", { kind: "pear", ...args }, { formationId: "orchard", userId });
  expect(await as("ann")).toEqual({ text: "12 pear trees", failed: false });
  expect(sent()).toBe("Bearer token-of-ann");
  expect((await as("bob")).failed).toBe(false);
  expect(sent()).toBe('Bearer token-of-"bob"');

  const calls = server.headers.length;
  const nothing = await as("dan");
  expect(nothing).toMatchObject({ failed: true });
  expect(nothing.text).toContain("Add it under https://orchard.example/keys");
  const unclear = await as("cyd");
  expect(unclear).toMatchObject({ failed: true });
  expect(unclear.text).toContain("work, home");
  expect(server.headers.length).toBe(calls);
  expect((await as("cyd", { muxi_credential: "home" })).failed).toBe(false);
  expect(sent()).toBe("Bearer token-of-cyd-2");
});

const httpServer = (id: string, url: string, more = "") => ({
  [`mcp/${id}.afs`]: `id: ${id}\ndescription: x\ntype: http\nendpoint: ${url}\n${more}`,
});

const plain = { type: "object", properties: {} };

test.each([400, 404, 405, 410])(
  "a session that a server has forgotten is opened anew, said with %i",
  async (status) => {
    const tools: unknown[] = [{ name: "prune", inputSchema: plain }];
    const server = await startSessionMcp(tools);
    const opened = await openTools(httpServer("trees", server.url));
    tools.push({ name: "graft", inputSchema: plain });
    server.forget(status);
    expect(await opened.call("trees__prune")).toEqual({ text: "prune is done", failed: false });
    // The server may have been started anew, with other tools.
    expect(await opened.call("trees__graft")).toMatchObject({ text: "graft is done" });
  },
);

test("one tool that cannot be used is named, and the others stay", async () => {
  const server = await startSessionMcp([
    { name: "count", inputSchema: { type: "string" } },
    { name: "grow", inputSchema: plain, execution: { taskSupport: "required" } },
    { name: "huge", inputSchema: { ...plain, description: "x".repeat(70_000) } },
    { inputSchema: plain },
    "no tool",
    { name: "prune", inputSchema: { type: "object", required: null } },
    { name: "prune", inputSchema: plain },
  ]);
  const { names, warnings } = await openTools(httpServer("trees", server.url));
  expect(names).toEqual(["trees__prune"]);
  expect(warnings.map((text) => text.split(" {")[0])).toEqual([
    'the tool count of trees cannot be used: its arguments are of type "string", not "object"',
    "the tool grow of trees cannot be used: it runs only as a task, which is not supported",
    "the tool huge of trees cannot be used: its definition has more than 65536 characters",
    "the tool number 4 of trees cannot be used: it has no name",
    "the tool number 5 of trees cannot be used: it is not an object",
    "the tool prune of trees cannot be used: another tool of the server has its name",
  ]);
});

test("an agent gets as many tools as its model takes; what is left out is named with its server", async () => {
  const many = (count: number, name: string) =>
    Array.from({ length: count }, (_, index) => ({ name: `${name}${index}`, inputSchema: plain }));
  const files = {
    ...httpServer("pears", (await startSessionMcp(many(100, "pear"))).url),
    ...httpServer("plums", (await startSessionMcp(many(50, "plum"))).url),
  };
  const { names, warnings } = await openTools({
    ...files,
    "formation.afs": `${manifest}llm: { models: [{ text: openai/gpt-4o, api_key: sk-test }] }\n`,
  });
  expect(names).toHaveLength(119);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain("31 of plums are left out");
  expect(warnings[0]).toContain('{"server":"plums","tools":19,"left_out":31}');
  const other = await openTools({
    ...files,
    "formation.afs": `${manifest}llm: { models: [{ text: anthropic/claude-sonnet-4, api_key: sk-test }] }\n`,
  });
  expect(other.names).toHaveLength(150);
  expect(other.warnings).toEqual([]);
});

test("ten thousand tools whose names are cut to the same one get names of their own", async () => {
  const name = "y".repeat(80);
  const tools = Array.from({ length: 10_000 }, (_, index) => ({
    name: `${name}${index}`,
    inputSchema: plain,
  }));
  const reader = createToolReader();
  await reader.add(tools);
  const source = {
    server: { definition: { id: "trees" }, tools: reader.listing.tools },
    filter: undefined,
  };
  const list = createAgentToolList({ id: "keeper" }, [source], 10_000, { warn: () => {} });
  const names = new Set(list().map(({ shownName }) => shownName));
  expect(names.size).toBeGreaterThan(1_000);
  expect([...names].every((each) => /^[a-zA-Z0-9_-]{1,64}$/.test(each))).toBe(true);
  expect(list()).toBe(list());
});

test("a list that has changed is read anew", async () => {
  const { call, names } = await openTools({ "mcp/trees.afs": commandServer("trees") });
  expect(names).not.toContain("trees__harvest");
  await call("trees__plant");
  expect((await call("trees__harvest")).text).toBe("Three baskets");
});

test("text beside a missing structuredContent is used, with a warning", async () => {
  const outputSchema = { type: "object", properties: { count: { type: "number" } }, required: ["count"] };
  const server = await startSessionMcp([{ name: "count", inputSchema: plain, outputSchema }]);
  const { call, warnings } = await openTools(httpServer("trees", server.url));
  expect(await call("trees__count")).toEqual({ text: "count is done", failed: false });
  expect(await call("trees__count")).toEqual({ text: "count is done", failed: false });
  expect(warnings).toEqual([
    'the tool has an outputSchema, but its result has no structuredContent: its text is used {"server":"trees","tool":"count"}',
  ]);
});

test("a part of a result that breaks the rules costs the other parts nothing", async () => {
  const content = [{ type: "table", rows: 2 }, { text: "a" }, { type: "text", text: null }, "b"];
  const server = await startSessionMcp([{ name: "count", inputSchema: plain }], () => ({ content }));
  const { call } = await openTools(httpServer("trees", server.url));
  expect(await call("trees__count")).toEqual({ text: '{"type":"table","rows":2}\na\nb', failed: false });
});

test("a message goes on without a server that takes longer to start than it may", async () => {
  const { names, warnings, starting } = await openTools({
    "formation.afs": `${manifest}mcp: { startup_timeout_seconds: 0.2 }\n`,
    "mcp/slow.afs": `id: slow\ndescription: x\ntype: command\ncommand: sleep\nargs: ["60"]\n`,
  });
  expect(names).toEqual([]);
  expect(starting()).toEqual(["slow"]);
  expect(warnings).toEqual([
    'MCP servers are still starting: a message is answered without their tools {"servers":["slow"]}',
  ]);
});
