import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { until } from "../../../test/until.ts";
import {
  bundle,
  call,
  deployBundle,
  expectStatus,
  formationFolder,
  manifestOf,
  tar,
  updateBundle,
} from "./bundles.ts";
import {
  builtRuntime,
  isAlive,
  startTestServer,
  type TestServerOptions,
  temporaryFolder,
} from "./helpers.ts";
import { type RegistryPackage, startRegistry } from "./registry.ts";

const wood: RegistryPackage = {
  files: { "index.js": "module.exports = 'oak';", "cli.js": "#!/usr/bin/env node\n" },
  manifest: { bin: { wood: "cli.js" }, scripts: { postinstall: "touch ran" } },
};

/** A server that may install packages, and finds them in a registry of the test. */
const start = async (packages: Record<string, RegistryPackage>, options: TestServerOptions = {}) => {
  const registry = await startRegistry(packages);
  const home = await temporaryFolder();
  const { install = { allowed: true, timeoutMs: 60_000 }, ...formations } = options.formations ?? {};
  const server = await startTestServer({
    ...options,
    env: {
      ...{
        PATH: process.env.PATH,
        HOME: home,
        npm_config_registry: registry.url,
        FORMATION_TOKEN: "t-very-secret",
      },
      ...options.env,
    },
    formations: { ...formations, install },
  });
  return { ...server, registry, current: join(server.data, "formations/my-bot/current") };
};

const nothingIsLeft = async (data: string) => {
  expect(await readdir(join(data, "tmp"))).toEqual([]);
};

it("installs what a bundle names before it counts, without scripts, and tells what npm says", async () => {
  const { url, data, registry, current } = await start({ wood });
  const files = registry.filesFor("wood");
  const text = (await deployBundle(url, await bundle({ files }), { accept: "text/event-stream" })).body;
  expect(text).toMatch(/"stage":"installing","message":"Installing packages"/);
  expect(text).toMatch(/"stage":"installing","message":"added 1 package/);
  expect(text).toMatch(/event: complete/);
  const place = join(current, "node_modules/wood");
  expect(await readFile(join(place, "index.js"), "utf8")).toContain("oak");
  expect(await readFile(join(current, "node_modules/.bin/wood"), "utf8")).toContain("#!");
  expect(existsSync(join(place, "ran"))).toBe(false);
  await nothingIsLeft(data);

  // An update has its own; the release before keeps what it had.
  const next = await bundle({ version: "2.0.0", files: { "package.json": "{}" } });
  expectStatus(await updateBundle(url, next, { version: "2.0.0" }), 200);
  expect(existsSync(join(current, "node_modules"))).toBe(false);
  expectStatus(await call(url, "POST", "/rpc/formations/my-bot/rollback"), 200);
  expect(existsSync(place)).toBe(true);
});

it("does not install where it may not: it names the setting, unless the packages came along", async () => {
  const { url, data, registry } = await start(
    { wood },
    { formations: { install: { allowed: false, timeoutMs: 60_000 } } },
  );
  const files = registry.filesFor("wood");
  const refused = await deployBundle(url, await bundle({ files }));
  expect(expectStatus(refused, 400).body.message).toMatch(
    /package\.json and package-lock\.json.*formations\.install_packages: true/,
  );
  expect(await readdir(join(data, "formations"))).toEqual([]);
  expect(registry.asked).toEqual([]);
  const parent = await formationFolder({ files });
  await mkdir(join(parent, "my-bot/node_modules"));
  expectStatus(await deployBundle(url, await tar(parent, "my-bot")), 201);
});

it("a failing install refuses the release and leaves nothing of it", async () => {
  const { url, data, registry, current } = await start({ wood });
  expectStatus(await deployBundle(url, await bundle()), 201);
  const files = registry.filesFor("wood", "nowhere");
  const next = await bundle({ version: "2.0.0", files });
  const failed = expectStatus(await updateBundle(url, next, { version: "2.0.0" }), 400).body.message;
  expect(failed).toMatch(/^The packages of the bundle could not be installed:\n[\s\S]*404[\s\S]*nowhere/);
  expect(failed).not.toContain(data);
  expect(await readdir(join(data, "formations/my-bot/releases"))).toEqual(["1"]);
  expect(await readFile(join(current, "formation.afs"), "utf8")).toContain("1.0.0");
  await nothingIsLeft(data);
});

/** A server whose npm never ends, and the processes of that. */
const startWithStuckNpm = async (timeoutMs: number) => {
  const bin = await temporaryFolder();
  const script = `#!/bin/sh\n[ "$1" = config ] && exec echo "{\\"registry\\":\\"$npm_config_registry\\"}"\nsleep 600 &\necho $$ $! > ${bin}/begun.tmp\nmv ${bin}/begun.tmp ${bin}/begun\nwait\n`;
  await writeFile(join(bin, "npm"), script, { mode: 0o755 });
  const started = await start(
    { wood },
    { formations: { install: { allowed: true, timeoutMs } }, env: { PATH: `${bin}:${process.env.PATH}` } },
  );
  expectStatus(await deployBundle(started.url, await bundle()), 201);
  const packed = await bundle({ version: "2.0.0", files: started.registry.filesFor("wood") });
  return {
    ...started,
    update: () => updateBundle(started.url, packed, { version: "2.0.0" }),
    pids: () => until("npm runs", () => readFile(join(bin, "begun"), "utf8").catch(() => undefined)),
  };
};

it("an install that takes too long is ended", async () => {
  const { data, update } = await startWithStuckNpm(200);
  expect(expectStatus(await update(), 400).body.message).toBe(
    "The packages of the bundle were not installed within 0.2 s (formations.install_timeout of the server)",
  );
  await nothingIsLeft(data);
});

it("an install ends with its update when that is cancelled, and all that it started with it", async () => {
  const { url, data, update, pids } = await startWithStuckNpm(600_000);
  const updating = update();
  const running = (await pids()).trim().split(" ").map(Number);
  expectStatus(await call(url, "POST", "/rpc/formations/my-bot/cancel-update"), 200);
  expect(expectStatus(await updating, 400).body.message).toMatch(/was cancelled/);
  await until("npm is gone", () => !running.some(isAlive));
  await nothingIsLeft(data);
});

const change = (
  text: string | undefined,
  edit: (value: { packages: Record<string, object> }) => void,
): string => {
  const value = JSON.parse(text ?? "");
  edit(value);
  return JSON.stringify(value);
};

it.each<[what: string, edit: (files: Record<string, string>) => Record<string, string>, message: RegExp]>([
  [
    "an address in the lock file",
    (files) => ({
      "package-lock.json": change(files["package-lock.json"], ({ packages }) => {
        packages["node_modules/wood"] = { version: "1.0.0", resolved: "http://169.254.169.254/wood.tgz" };
      }),
    }),
    /wood is to come from http:\/\/169\.254\.169\.254\/wood\.tgz\. .*http:\/\/127\.0\.0\.1/,
  ],
  [
    "an address in package.json",
    () => ({ "package.json": '{"dependencies":{"wood":"git+ssh://git@example.com/wood.git"}}' }),
    /wood is to come from git\+ssh/,
  ],
  [
    "a folder",
    (files) => ({
      "package-lock.json": change(files["package-lock.json"], ({ packages }) => {
        packages["node_modules/wood"] = { resolved: "../../etc", link: true };
      }),
    }),
    /is to come from a folder/,
  ],
  [
    "a place outside",
    (files) => ({
      "package-lock.json": change(files["package-lock.json"], ({ packages }) => {
        packages["node_modules/../../x"] = { version: "1.0.0" };
      }),
    }),
    /is to come from a folder/,
  ],
  [
    "an override",
    ({ "package.json": text = "" }) => ({
      "package.json": JSON.stringify({
        ...JSON.parse(text),
        overrides: { wood: { leaf: "https://example.com/l.tgz" } },
      }),
    }),
    /of overrides is to come from https:\/\/example\.com/,
  ],
  [
    "no lock file of today",
    () => ({ "package-lock.json": '{"lockfileVersion":1}' }),
    /make it anew with npm 7/,
  ],
  ["no JSON", () => ({ "package.json": "name: tools" }), /package\.json of the bundle is not one that npm/],
])("%s is refused, and nothing is fetched", async (_, edit, message) => {
  const { url, registry } = await start({ wood });
  const files = registry.filesFor("wood");
  const refused = await deployBundle(url, await bundle({ files: { ...files, ...edit(files) } }));
  expect(expectStatus(refused, 400).body.message).toMatch(message);
  expect(registry.asked).toEqual([]);
});

it("a lock file is asked for, since nothing else says which packages were tried", async () => {
  const { url, registry } = await start({ wood });
  const { "package.json": named = "" } = registry.filesFor("wood");
  const refused = await deployBundle(url, await bundle({ files: { "package.json": named } }));
  expect(expectStatus(refused, 400).body.message).toMatch(/npm install --package-lock-only/);
});

it("settings of npm that a bundle brings are not read", async () => {
  const { url, registry, current } = await start({ wood });
  const other = await startRegistry({});
  const npmrc = `registry=${other.url}\nreplace-registry-host=always\nignore-scripts=false\n//127.0.0.1/:_authToken=\${FORMATION_TOKEN}\n`;
  const files = { ...registry.filesFor("wood"), ".npmrc": npmrc };
  expectStatus(await deployBundle(url, await bundle({ files })), 201);
  expect(existsSync(join(current, "node_modules/wood/index.js"))).toBe(true);
  expect(existsSync(join(current, "node_modules/wood/ran"))).toBe(false);
  expect(other.asked).toEqual([]);
});

it("a server without npm says where it looked", async () => {
  const bin = await temporaryFolder();
  const { url, registry } = await start({ wood }, { env: { PATH: bin } });
  const refused = await deployBundle(url, await bundle({ files: registry.filesFor("wood") }));
  expect(expectStatus(refused, 400).body.message).toMatch(
    /^npm was found neither beside Node \(.*\) nor on PATH/,
  );
  await writeFile(join(bin, "npm"), "#!/no/such/program\n", { mode: 0o755 });
  const unknown = await deployBundle(url, await bundle({ files: registry.filesFor("wood") }));
  expect(expectStatus(unknown, 400).body.message).toMatch(/npm could not be started: .*ENOENT/);
  await writeFile(join(bin, "npm"), "#!/bin/sh\necho no settings >&2; exit 1\n", { mode: 0o755 });
  const failing = await deployBundle(url, await bundle({ files: registry.filesFor("wood") }));
  expect(expectStatus(failing, 400).body.message).toMatch(/^npm cannot read its settings:\nno settings$/);
});

it("a provider's package that was installed so answers for its models", async () => {
  const cohere = `exports.createCohere = ({ apiKey }) => (id) => ({
    async doStream({ abortSignal }) {
      abortSignal.throwIfAborted();
      const parts = [
        { type: "text-delta", id: "1", delta: id + " says hello" },
        { type: "finish", finishReason: "stop", usage: { inputTokens: 1, outputTokens: 1 } },
      ];
      return { stream: ReadableStream.from(parts) };
    },
  });`;
  const { url, registry } = await start(
    { "@ai-sdk/cohere": { files: { "index.js": cohere } } },
    { runtime: builtRuntime },
  );
  const manifest = manifestOf("my-bot", "1.0.0").replace("builtin/extractive", "cohere/command");
  const headers = { "x-muxi-check": "models" };
  const without = await deployBundle(url, await bundle({ manifest }), headers);
  expect(expectStatus(without, 400).body.message).toContain("run npm install @ai-sdk/cohere");
  const files = registry.filesFor("@ai-sdk/cohere");
  expectStatus(await deployBundle(url, await bundle({ manifest, files }), headers), 201);
  const answer = await fetch(`${url}/api/my-bot/v1/chat`, {
    method: "POST",
    headers: {
      ...{ "content-type": "application/json", "x-muxi-client-key": "fmc_0123456789abcdef" },
      "x-muxi-user-id": "ann",
    },
    body: JSON.stringify({ message: "Hello", stream: false }),
  });
  expect(JSON.stringify(await answer.json())).toContain("command says hello");
});
