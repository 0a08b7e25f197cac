import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { createWorld } from "../packages/cli/test/helpers.ts";
import { startCollector } from "../packages/runtime/test/collector.ts";
import { startModelServer } from "../packages/runtime/test/model-server.ts";
import { blocksOf, readDoc, runAsWritten, scriptOf } from "./doc-pages.ts";
import { publishedPackages } from "./packed.ts";
import { firstColumn } from "./spec-pages.ts";

const root = path.join(import.meta.dirname, "..");

const openWorld = async (settings: NodeJS.ProcessEnv = {}) => {
  const world = await createWorld(settings);
  onTestFinished(() => world.close());
  return world;
};

const startModel = async () => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  return { models, settings: { OPENAI_API_KEY: "k", OPENAI_BASE_URL: `${models.url}/v1` } };
};

test("docs/tools.md goes from an empty folder to a deployed assistant that calls its tool", {
  timeout: 180_000,
}, async () => {
  const { models, settings } = await startModel();
  const world = await openWorld(settings);
  const call = {
    text: [],
    toolCalls: [{ id: "c1", name: "stock__read_stock", arguments: ['{"variety":"Russet"}'] }],
  };
  models.reply(call, { text: ["We have 120 kg."] }, call, { text: ["We have 120 kg."] });
  const output = await runAsWritten(world, scriptOf(await readDoc("tools.md")));
  expect(output.match(/read_stock/g)?.length).toBeGreaterThan(1);
  expect(output.match(/We have 120 kg\./g)).toHaveLength(2);
  const results = models.requests
    .map(({ body }) => JSON.stringify(body))
    .filter((body) => body.includes("120 kg"));
  expect(results).toHaveLength(2);
  expect(output).toContain(
    '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"120 kg"}],"isError":false}}',
  );
});

test("docs/sops.md makes a procedure, which is followed for the messages that it says", async () => {
  const { models, settings } = await startModel();
  const world = await openWorld(settings);
  const page = await readDoc("sops.md");
  const asking = ["I want a refund", "Can I have my money back?", "/refund of the coat", "When do you open?"];
  const chats = asking.map((message) => `npx muxi chat "${message}"\n`).join("");
  const output = await runAsWritten(
    world,
    scriptOf(page).replace("npx muxi sops\n", `npx muxi sops\n${chats}`),
  );
  expect(output).toContain("refund");
  const decisions = models.requests
    .map(({ body }) => JSON.stringify(body))
    .filter((body) => body.includes("The limits are in limits.md"));
  expect(decisions).toHaveLength(3);
  for (const body of decisions) expect(body).toContain("Refunds above 50 pounds are decided by Ms Hill.");
  for (const message of asking.slice(0, 2)) expect(page).toContain(`"${message}"`);
});

test("docs/memory.md has a memory say where it comes from, and what it said before it was corrected", {
  timeout: 180_000,
}, async () => {
  const world = await openWorld();
  const output = await runAsWritten(world, scriptOf(await readDoc("memory.md")));
  expect(output).toMatch(/you live in Lisbon \(before \d{4}-\d\d-\d\d\)/i);
  expect(output).toMatch(/said +I live in Porto/);
  expect(output).toMatch(/source +user_edit/);
  expect(output).toMatch(/to .+: I live in Porto\n.* to .+: I live in Lisbon/);
  expect(output).toMatch(/I would forget this.*:\n- My favourite apple is the Cox\nShall I\?/);
  expect(output).toContain("Brought in 0; 2 were known already");
});

test("docs/knowledge.md has documents of two formats answer, and one that cannot be read named", async () => {
  const world = await openWorld();
  const output = await runAsWritten(world, scriptOf(await readDoc("knowledge.md")));
  expect(output).toContain("visits.html says");
  expect(output).toContain("begin at ten on Saturdays");
  expect(output).toContain("prices.csv says");
  expect(output).toContain("3.10");
  expect(output).toContain("plan.pdf");
});

test("docs/observability.md: its commands, its settings, and the traces that it promises", {
  timeout: 120_000,
}, async () => {
  const collector = await startCollector();
  const world = await openWorld();
  const page = (await readDoc("observability.md")).replace("http://localhost:4318", collector.url);
  const output = await runAsWritten(world, `${scriptOf(page)}npx muxi validate\n`);
  expect(output).toContain("completed");
  expect(output).toMatch(/^MODEL +DAY +REQUESTS/m);
  expect(output).toContain("'eyes' is valid");
  const traces = collector.received
    .filter(({ path: sentTo }) => sentTo === "/v1/traces")
    .map(({ body }) => body);
  expect(traces.join()).toContain("invoke_agent");
  expect(await readFile(path.join(world.home, "eyes/config.yaml"), "utf8")).toContain("9464");
});

test("docs/install.md names the packages, its commands work, and its tarballs are those that npm makes", {
  timeout: 120_000,
}, async () => {
  const page = await readDoc("install.md");
  const listed = firstColumn(page.split("| --- |")[0] === page ? "" : page);
  expect(publishedPackages.map(({ name }) => name).filter((name) => !listed.includes(name))).toEqual([]);

  const world = await openWorld();
  const output = await runAsWritten(world, scriptOf(page).replace(/^npm install .*$/m, ""));
  expect(output).toContain("Created my-bot");

  const folder = await mkdtemp(path.join(tmpdir(), "muxi-packed-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const marked = (mark: string) => blocksOf(page).find(({ name }) => name === mark)?.content ?? "";
  const pack = marked("clone").replace("npm ci\n", "").replaceAll("/tmp", folder);
  await promisify(execFile)("bash", ["-ec", pack], { cwd: root });
  const files = marked("elsewhere").replace("npm install", "ls").replaceAll("/tmp", folder);
  const { stdout } = await promisify(execFile)("bash", ["-ec", files], { cwd: world.home });
  const tarballs = await readdir(folder);
  expect(
    stdout
      .trim()
      .split("\n")
      .map((file) => path.basename(file))
      .sort(),
  ).toEqual(tarballs.sort());
  expect(tarballs).toHaveLength(publishedPackages.length);
});
