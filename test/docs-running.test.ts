import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { FormationClient } from "muxi-client";
import { expect, onTestFinished, test } from "vitest";
import { createWorld } from "../packages/cli/test/helpers.ts";
import { hold } from "../packages/runtime/test/harness.ts";
import { startModelServer } from "../packages/runtime/test/model-server.ts";
import { blocksOf, readDoc } from "./doc-pages.ts";
import { freePort } from "./ports.ts";
import { until } from "./until.ts";

const unit = path.join(import.meta.dirname, "../deploy/muxi-server.service");

const has = (program: string, ...args: string[]) => spawnSync(program, args).error === undefined;

test.runIf(has("systemd-analyze", "--version"))("systemd takes the unit without a complaint", () => {
  const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", unit], { encoding: "utf8" });
  expect([status, stdout, stderr]).toEqual([0, "", ""]);
});

test("docs/running.md names the folders that the unit gives the server", async () => {
  const page = await readDoc("running.md");
  const variables = /^Environment=MUXI_CONFIG_DIR=(\S+) MUXI_DATA_DIR=(\S+) MUXI_LOG_DIR=(\S+)$/m;
  const [, ...folders] = variables.exec(await readFile(unit, "utf8")) ?? [];
  expect(folders).toHaveLength(3);
  for (const folder of folders) expect(page).toContain(folder);
});

test.runIf(has("nginx", "-v"))(
  "nginx, set as docs/running.md says, passes a stream on as it comes",
  {
    timeout: 120_000,
  },
  async () => {
    const models = await startModelServer();
    onTestFinished(() => models.close());
    const world = await createWorld({ OPENAI_API_KEY: "k", OPENAI_BASE_URL: `${models.url}/v1` });
    onTestFinished(() => world.close());
    const page = await readDoc("running.md");
    const settings = blocksOf(page).find(({ name }) => name === "config.yaml")?.content ?? "";
    const config = path.join(world.home, "config.yaml");
    await writeFile(config, settings.replace("7890", String(world.port)), { mode: 0o600 });
    world.env.MUXI_CONFIG_DIR = world.home;
    const up = await world.run(["up", await world.hello(), "--detach", "--output", "json"]);
    const { client_key } = JSON.parse(up.stdout.split("\n")[0] ?? "");

    const folder = await mkdtemp(path.join(tmpdir(), "muxi-nginx-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const port = await freePort();
    const server = (blocksOf(page).find(({ language }) => language === "nginx")?.content ?? "")
      .replace("listen 443 ssl;", `listen 127.0.0.1:${port};`)
      .replaceAll(/^ +ssl_certificate.*\n/gm, "")
      .replace("127.0.0.1:7890", `127.0.0.1:${world.port}`);
    const file = path.join(folder, "nginx.conf");
    await writeFile(
      file,
      `daemon off;\npid ${folder}/nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n${server}}\n`,
    );
    const nginx = spawn("nginx", ["-p", folder, "-c", file], { stdio: ["ignore", "ignore", "inherit"] });
    onTestFinished(() => void nginx.kill("SIGTERM"));
    const url = `http://127.0.0.1:${port}`;
    await until("nginx answers", async () => (await fetch(`${url}/health`).catch(() => undefined))?.ok);

    const { held, release } = hold();
    models.reply({ text: ["One, ", "two, ", "three."], pause: { after: 2, until: held } });
    const formation = new FormationClient({
      serverUrl: url,
      formationId: "hello",
      mode: "draft",
      clientKey: client_key,
    });
    let text = "";
    for await (const event of formation.chatStream({ message: "Count" }, { userId: "ann" })) {
      if (event.type !== "text") continue;
      text += event.text;
      release(); // The rest is written only now: a proxy that collects an answer would wait for it in vain.
    }
    expect(text).toBe("One, two, three.");

    const document = await (
      await fetch(`${url}/draft/hello/openapi.json`, { headers: { host: "muxi.example.com" } })
    ).json();
    expect(document.servers).toEqual([{ url: expect.stringMatching(/^http:\/\/[^/]+\/draft\/hello$/) }]);
  },
);
