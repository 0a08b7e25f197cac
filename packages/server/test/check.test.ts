import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { until } from "../../../test/until.ts";
import { bundle, call, deployBundle, expectStatus, updateBundle } from "./bundles.ts";
import { createFormation, devRun, isAlive, post, startedPids, startTestServer } from "./helpers.ts";

const model = { kind: "model", name: "openai/gpt", message: "The key of openai is missing" };
const mcp = { kind: "mcp", name: "trees", message: "it answered 401 Unauthorized" };

const packed = (version: string, problems: unknown): Promise<Buffer> =>
  bundle({ version, files: { "behaviour.json": JSON.stringify({ problems }) } });

/** Process of the new release once it was asked what it cannot use. */
const pidOfAsked = async (data: string): Promise<number> => {
  const staging = join(data, "formations/my-bot/staging");
  await until("it is asked", () => existsSync(join(staging, "asked")));
  return (await startedPids(staging))[0] ?? 0;
};

const formation = "/rpc/formations/my-bot";

it.each([
  ["all", [model], ["Model openai/gpt: The key of openai is missing"]],
  ["all", [mcp], ["MCP server trees: it answered 401 Unauthorized"]],
  ["models", [model, mcp], ["Model openai/gpt: The key of openai is missing"]],
])(
  "with the check %s an update that cannot use %j is refused, and the old release goes on",
  async (check, problems, lines) => {
    const { url, data } = await startTestServer();
    const { pid } = expectStatus(await deployBundle(url, await bundle()), 201).body.data;
    const refused = await updateBundle(url, await packed("2.0.0", problems), {
      ...{ version: "2.0.0", "x-muxi-check": check },
    });
    expect(expectStatus(refused, 400).body.message).toBe(
      [
        "The running version is unchanged. The formation cannot use everything that it names:",
        ...lines,
        "Mend this, or go on without it: --force, or the check 'report'.",
      ].join("\n"),
    );
    const { body } = await call(url, "GET", formation);
    expect(body.data).toMatchObject({ pid, status: "running", version: { semantic: "1.0.0" }, problems: [] });
    expect(await readdir(join(data, "formations/my-bot/releases"))).toEqual(["1"]);
  },
);

it.each([
  ["models", [mcp], undefined],
  ["report", [model, mcp], [model, mcp]],
  ["", [model, mcp], undefined],
])("with the check '%s' an update that cannot use %j goes on", async (check, problems, told) => {
  const { url } = await startTestServer();
  expectStatus(await deployBundle(url, await bundle()), 201);
  const headers = { version: "2.0.0", "x-muxi-check": check };
  const updated = await updateBundle(url, await packed("2.0.0", problems), headers);
  expect(expectStatus(updated, 200).body.data).toMatchObject({ version: 2 });
  expect(updated.body.data.problems).toEqual(told);
  expect((await call(url, "GET", formation)).body.data.problems).toEqual(problems);
});

it("nothing is left of a first deployment that is refused; one that is only reported on is there", async () => {
  const { url, data } = await startTestServer();
  const accept = { accept: "text/event-stream" };
  const broken = await packed("1.0.0", [mcp]);
  const refused = (await deployBundle(url, broken, { ...accept, "x-muxi-check": "all" })).body;
  expect(refused).toMatch(/"stage":"checking"[^\n]*\n\nevent: error\ndata: \{"error":"CheckFailed"/);
  expectStatus(await call(url, "GET", formation), 404);
  expect(await readdir(join(data, "formations"))).toEqual([]);
  const reported = (await deployBundle(url, broken, { ...accept, "x-muxi-check": "report" })).body;
  expect(reported).toMatch(/event: complete\ndata: .*"problems":\[\{"kind":"mcp","name":"trees"/);
});

it("any number may ask at once what a formation cannot use", async () => {
  const { url } = await startTestServer();
  expectStatus(await deployBundle(url, await packed("1.0.0", [mcp])), 201);
  const warnings: string[] = [];
  const keep = ({ name }: Error) => warnings.push(name);
  process.on("warning", keep);
  onTestFinished(() => void process.off("warning", keep));
  const answers = await Promise.all(Array.from({ length: 20 }, () => call(url, "GET", formation)));
  for (const { body } of answers) expect(body.data.problems).toEqual([mcp]);
  expect(warnings).not.toContain("MaxListenersExceededWarning");
});

it("a check that nobody knows is refused before anything is received", async () => {
  const { url } = await startTestServer();
  const wrong = await deployBundle(url, await bundle(), { "x-muxi-check": "everything" });
  expect(expectStatus(wrong, 400).body.message).toBe(
    "X-Muxi-Check is 'everything': it must be all, models or report",
  );
});

it("a check can be cancelled with its update", async () => {
  const { url, data } = await startTestServer();
  expectStatus(await deployBundle(url, await bundle()), 201);
  const silent = await packed("2.0.0", "never told");
  const update = updateBundle(url, silent, { version: "2.0.0", "x-muxi-check": "all" });
  const pid = await pidOfAsked(data);
  expectStatus(await call(url, "POST", `${formation}/cancel-update`), 200);
  expect(expectStatus(await update, 400).body.message).toMatch(/was cancelled/);
  expect(isAlive(pid)).toBe(false);
});

it("a process that ends while it is checked is told with its last words", async () => {
  const { url, data } = await startTestServer({ processes: { autoRestart: false } });
  expectStatus(await deployBundle(url, await bundle()), 201);
  const silent = await packed("2.0.0", "never told");
  const update = updateBundle(url, silent, { version: "2.0.0", "x-muxi-check": "all" });
  process.kill(await pidOfAsked(data), "SIGKILL");
  expect(expectStatus(await update, 400).body.message).toMatch(/crashed while it was checked/);
});

it("a draft is checked when that is asked for", async () => {
  const server = await startTestServer();
  const folder = await createFormation("drafted", { problems: [model, mcp] });
  const run = (check: string) => post(`${server.url}/rpc/dev/run`, { path: folder, check });
  const refused = await run("models");
  expect(refused.status).toBe(400);
  expect(refused.body.message).toMatch(/^The formation cannot use .*\nModel openai\/gpt: .*\nMend this/);
  expect(await run("report")).toMatchObject({ status: 200, body: { problems: [model, mcp] } });
  await post(`${server.url}/rpc/dev/stop`, { formation_id: "drafted" });
  expect((await devRun(server, folder)).body).not.toHaveProperty("problems");
});
