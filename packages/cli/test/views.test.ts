import { afterAll, beforeAll, expect, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { views } from "../src/commands/views/list.ts";
import { createWorld, toolServer, type World } from "./helpers.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
  const folder = await world.formation("seen", {
    "agents/one.afs":
      'schema: "1.0.0"\nid: one\nname: One\ndescription: The only one\nknowledge: { sources: [{ path: docs }] }\n',
    "docs/gate.md": "The gate opens at nine.\n",
    "triggers/order.md": "Order ${{ data.order.id }} has come in.",
    "mcp/wood.afs": toolServer("wood", [{ name: "fell", inputSchema: { type: "object" } }, { name: "" }]),
    "mcp/lost.afs":
      'schema: "1.0.0"\nid: lost\ndescription: d\ntype: command\ncommand: no-such-program\nmax_retries: 1\n',
    "sops/open.md": "---\ntype: sop\nname: Open the gate\n---\n# Open the gate\n\n1. Turn the key\n",
  });
  const up = await world.run(["up", folder, "--detach"]);
  if (up.code !== 0) throw new Error(up.stderr);
  await world.run(["knowledge", "sync"]);
  await world.run(["chat", "My favourite tea is Assam.", "--user", "ann"]);
});
afterAll(() => world.close());

const examples: readonly [name: string, args: string[], shown: RegExp][] = [
  ["info", [], /^formation:\n {2}id: seen\n/],
  ["agents", [], /^ID +NAME +DESCRIPTION\none +One +The only one\n$/],
  ["agents", ["one"], /^id: one\nname: One\n/],
  [
    "knowledge",
    ["one"],
    /^AGENT +DOCUMENT +STATE +PASSAGES +READ\none +docs\/gate\.md +ready +1 +\d{4}-\d\d-\d\d \d\d:\d\d\n$/,
  ],
  ["mcp", ["wood"], /^id: wood\n[\s\S]*state: \w+\n/],
  ["sops", [], /^NAME +TITLE\nopen +Open the gate\n$/],
  ["sops", ["open"], /1\. Turn the key/],
  ["triggers", [], /^NAME\norder\n$/],
  ["triggers", ["order"], /^Order \$\{\{ data\.order\.id \}\} has come in\.\n$/],
  [
    "sessions",
    ["--user", "ann"],
    /^SESSION +LAST ACTIVITY +ACTIVE\nsess_\w+ +\d{4}-\d\d-\d\d \d\d:\d\d +yes\n$/,
  ],
  ["sessions", ["--user", "bob"], /^No sessions yet\n$/],
  ["requests", [], /^REQUEST +USER +STATUS +BEGUN +WAITS FOR\nreq_\w+ +ann +completed +\d{4}-.* -\n/],
  ["jobs", [], /^Nothing is scheduled\n$/],
  ["memory", ["--user", "ann"], /^ID +SINCE +CONTENT\nmem_\w+ .*Assam/],
  ["credentials", [], /^No credentials\n$/],
  ["users", [], /^No users\n$/],
  ["logging", [], /^No destinations\n$/],
  ["approvals", ["--user", "ann"], /^No approvals\n$/],
  ["audit", [], /^(Nothing was changed yet|WHEN +ACTION)/],
];

test("usage is shown as a table with its total, and as comma-separated values", async () => {
  const shown = await world.run(["usage", "--by", "user,model"]);
  expect(shown.stdout).toMatch(
    /^USER +MODEL +REQUESTS +TOKENS IN +TOKENS OUT +COST\nann +builtin\/extractive +1 +\d+ +\d+ +\$0\.00\nall +1 /,
  );
  const { stdout } = await world.run(["usage", "--by", "user", "--csv"]);
  expect(stdout).toMatch(
    /^user_id,requests,failed_requests,input_tokens,output_tokens,cached_tokens,cache_write_tokens,cost,unpriced_requests\nann,1,0,\d+,\d+,0,0,0,0\n$/,
  );
  const refused = await world.run(["usage", "--by", "colour"]);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("user, agent, model, day") });
});

test("every view has an example", () => {
  expect([...new Set(examples.map(([name]) => name))].sort()).toEqual(Object.keys(views).sort());
});

test.each(examples)("%s %j", async (name, args, shown) => {
  const { code, stdout, stderr } = await world.run([name, ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(shown);
});

test("each MCP server is shown with its state and tools, and what cannot be used with the reason", async () => {
  await untilExpected("both servers have been asked", async () => {
    const { code, stdout, stderr } = await world.run(["mcp"]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        /^ID +TYPE +STATE +TOOLS\nlost +command +failed +-\nwood +command +ready +fell\n$/,
      ),
    });
    expect(stderr).toMatch(
      /^⚠ lost has failed: no-such-program did not answer: .*not found\n⚠ wood offers number 2, which cannot be used: it has no name\n$/,
    );
  });
});

test("a session shows what was said in it, and everything is there as data", async () => {
  const { stdout } = await world.run(["sessions", "--user", "ann", "--output", "json"]);
  const [session] = JSON.parse(stdout).sessions;
  const said = await world.run(["sessions", session.session_id, "--user", "ann"]);
  expect(said.stdout).toMatch(/^› My favourite tea is Assam\.\n {2}\S.*\n$/);
});

test("a trigger acts on its data, and says what is wrong with it", async () => {
  const fired = await world.run(["trigger", "order", "--data", '{"order":{"id":7}}', "--output", "json"]);
  expect(fired.code, fired.stderr).toBe(0);
  expect(JSON.parse(fired.stdout)).toMatchObject({ status: "completed", content: expect.any(String) });
  const later = await world.run(["trigger", "order", "--data", '{"order":{"id":8}}', "--async"]);
  expect(later.stdout).toMatch(/^✓ order was started\. .*muxi requests req_/);
  const wrong = await world.run(["trigger", "order", "--data", "7"]);
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining("must be a JSON object") });
  const missing = await world.run(["trigger", "order"]);
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining("the data has no 'order.id'") });
});

test.each([
  ["an unknown agent", ["agents", "nobody"], "Agent 'nobody' not found"],
  ["an unknown formation", ["agents", "-f", "nothing"], "Formation 'nothing' is not running"],
])("%s is an error on stderr", async (_, args, message) => {
  const { code, stdout, stderr } = await world.run(args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain(message);
});
