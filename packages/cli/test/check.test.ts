import { afterEach, beforeEach, expect, test } from "vitest";
import { createWorld, toolServer, type World } from "./helpers.ts";

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

const withModel = (version: string): string =>
  `schema: "1.0.0"\nid: bot\ndescription: d\nversion: "${version}"\nllm: { models: [{ text: anthropic/claude }] }\n`;

const lost =
  'schema: "1.0.0"\nid: lost\ndescription: d\ntype: command\ncommand: no-such-program\nmax_retries: 1\n';

test("up refuses a model without a key, with --check also a server without tools; --force starts it", async () => {
  const folder = await world.formation("bot", { "formation.afs": withModel("1.0.0"), "mcp/lost.afs": lost });
  const keyless = await world.run(["up", folder, "--detach"]);
  expect(keyless).toMatchObject({ code: 1, stdout: expect.not.stringContaining("draft_url") });
  expect(keyless.stderr).toMatch(
    /Model anthropic\/claude: The key of anthropic is missing: set llm.*ANTHROPIC_API_KEY/,
  );
  expect(keyless.stderr).not.toContain("MCP server");

  world.env.ANTHROPIC_API_KEY = "k";
  const toolless = await world.run(["up", folder, "--detach", "--check"]);
  expect(toolless).toMatchObject({ code: 1 });
  expect(toolless.stderr).toMatch(/\n +MCP server lost: no-such-program did not answer: .*mcp\/lost\.afs\n/);

  const forced = await world.run(["up", folder, "--detach", "--force"]);
  expect(forced).toMatchObject({ code: 0 });
  expect(forced.stderr).toMatch(
    /⚠ It runs, but cannot use everything that it names:\n {2}MCP server lost: no-such-program/,
  );
  await world.run(["down", folder]);
  expect(await world.run(["up", folder, "--detach"])).toMatchObject({ code: 0 });
});

test("a deploy that cannot use its tool servers replaces nothing, unless it is forced to", async () => {
  const folder = await world.formation("bot", { "mcp/wood.afs": toolServer("wood", [{ name: "fell" }]) });
  const write = (files: Record<string, string>) => world.formation("bot", files);
  const builtIn = (version: string) => withModel(version).replace("anthropic/claude", "builtin/extractive");
  await write({ "formation.afs": builtIn("1.0.0") });
  expect(await world.run(["server", "start", "--daemon"])).toMatchObject({ code: 0 });
  const first = await world.run(["deploy", folder]);
  expect(first, first.stderr).toMatchObject({ code: 0 });
  expect(first.stdout).toContain("✓ [SERVER] Checked models and tool servers\n");

  await write({ "formation.afs": builtIn("2.0.0"), "mcp/lost.afs": lost });
  const refused = await world.run(["deploy", folder]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/The running version is unchanged\..*\n +MCP server lost: .*\n +Mend this/);
  expect((await world.run(["remote", "get", "bot"])).stdout).toMatch(/Version +1\.0\.0\n/);

  expect(await world.run(["deploy", folder, "--no-check"])).toMatchObject({ code: 0 });
  await write({ "formation.afs": withModel("3.0.0") });
  const keyless = await world.run(["deploy", folder, "--no-check"]);
  expect(keyless).toMatchObject({ code: 1, stderr: expect.stringContaining("Model anthropic/claude") });
  const forced = await world.run(["deploy", folder, "--force"]);
  expect(forced.code).toBe(0);
  const shown = await world.run(["remote", "get", "bot"]);
  expect(shown.stdout).toMatch(/Version +3\.0\.0\n/);
  for (const { stderr } of [forced, shown]) {
    expect(stderr).toMatch(
      /⚠ It runs, but cannot use .*\n {2}Model anthropic\/claude: .*\n {2}MCP server lost: /,
    );
  }
});
