import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { problemsIn } from "./compile.ts";

const run = promisify(execFile);
const pathOf = (specifier: string) => fileURLToPath(import.meta.resolve(specifier));

/** A project beside this repository, with the packed package installed and nothing else. */
let project: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "muxi-client-consumer-"));
  const packages = join(project, "node_modules");
  await mkdir(join(packages, "@types"), { recursive: true });
  const { stdout } = await run("npm", ["pack", "--silent", "--pack-destination", project], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
  });
  await run("tar", ["xzf", stdout.trim()], { cwd: project });
  await rename(join(project, "package"), join(packages, "muxi-client"));
  await symlink(dirname(pathOf("@types/node/package.json")), join(packages, "@types", "node"));
});

afterAll(() => rm(project, { recursive: true }));

/** Compiles one file, the package's declarations included. Gives what the compiler complains about. */
const compile = async (file: string, source: string, options: object): Promise<string[]> => {
  await writeFile(join(project, file), source);
  const whole = { strict: true, skipLibCheck: false, target: "es2022", ...options };
  return problemsIn([join(project, file)], whole, project);
};

test("optional fields take undefined, and lists are promises", async () => {
  const source = `
    import { FormationClient, type ChatPayload, type MemoryList, type Memory, type Result } from "muxi-client";
    import type { Attachment } from "muxi-client";

    const given = (): undefined => undefined;
    const formation = new FormationClient({ url: "http://test", clientKey: given(), userId: given() });
    const payload: ChatPayload = {
      message: "Hi", session_id: given(), agent_id: given(), files: given(), format: given(), on_disconnect: given(),
      webhook_url: given(), threshold_seconds: given(), use_async: given(), request_id: given(), user_id: given(),
    };
    formation.chatStream(payload, { userId: given(), signal: given(), timeout: given(), resumeTimeout: given() });
    const file: Attachment = { filename: "a", content: "", content_type: "text/plain", size: given() };
    export const audio = () => formation.audioChat({ files: [file], session_id: given() }, { signal: given() });
    export const restored = () => formation.restoreSession({
      sessionId: "s", messages: [{ content: "Hi", role: given(), timestamp: given(), metadata: given() }],
    });
    export const kept = () => formation.addMemory({ content: "Hi", metadata: given(), scope: given() });
    export const sent = () => formation.request({ path: "/status", key: "admin", method: given(), query: given() });
    const list: Promise<Result<MemoryList>> & AsyncIterable<Memory> = formation.getMemories({ limit: given() });
    export const failed: Promise<unknown> = list.catch(() => 0).finally(() => {});`;
  const options = { module: "nodenext", noEmit: true, lib: ["es2022", "dom"], types: [] };
  expect(await compile("exact.mts", source, { ...options, exactOptionalPropertyTypes: true })).toEqual([]);
});

test("under node10 every entry is found", async () => {
  const source = `
    import { FormationClient, type MuxiError } from "muxi-client";
    import { createTestServer } from "muxi-client/testing";
    import { receive } from "muxi-client/webhook";
    import { createNodeTransport } from "muxi-client/node";

    const formation = new FormationClient({ url: "http://test", fetch: createTestServer().fetch });
    // @ts-expect-error
    formation.chatStream({ message: 5 });
    export { createNodeTransport, formation, type MuxiError, receive };`;
  const options = { module: "commonjs", moduleResolution: "node10", noEmit: true, types: ["node"] };
  expect(await compile("old.ts", source, { ...options, ignoreDeprecations: "6.0" })).toEqual([]);
});

test("a CommonJS project under node16, without the DOM library, compiles and runs", async () => {
  const source = `
    import { FormationClient, NotFoundError, type FetchInit } from "muxi-client";
    import { createTestServer } from "muxi-client/testing";
    import { WebhookVerificationError } from "muxi-client/webhook";

    const server = createTestServer().fail(404, "AGENT_NOT_FOUND");
    const send = (url: string, init: FetchInit): Promise<Response> => server.fetch(url, init);
    const formation = new FormationClient({ url: "http://test", adminKey: "ak", fetch: send });
    formation.getAgent({ agentId: "a" }).catch(async (error: unknown) => {
      const asModule = await import("muxi-client");
      const isOurs = error instanceof NotFoundError && error instanceof asModule.MuxiError;
      console.log(isOurs, WebhookVerificationError.name);
    });`;
  const options = { module: "node16", lib: ["es2022"], types: ["node"] };
  expect(await compile("main.cts", source, options)).toEqual([]);
  const { stdout, stderr } = await run(process.execPath, ["main.cjs"], { cwd: project });
  expect(stdout).toBe("true WebhookVerificationError\n");
  expect(stderr).toBe("");
});

test("a project that has neither the DOM library nor Node's types compiles", async () => {
  const source = `
    import { FormationClient, ServerClient } from "muxi-client";
    import { useChat } from "muxi-client/react";
    import { createTestServer } from "muxi-client/testing";
    import { receive } from "muxi-client/webhook";

    const formation = new FormationClient({ url: "http://test", fetch: createTestServer().fetch });
    export const answer = async (): Promise<string> => {
      let answer = "";
      for await (const event of formation.chatStream({ message: "Hello" })) {
        if (event.type === "text") answer += event.text;
      }
      return answer;
    };
    // @ts-expect-error
    formation.chatStream({ message: 5 });
    export { receive, ServerClient, useChat };`;
  const options = { module: "nodenext", lib: ["es2022"], types: [], noEmit: true };
  expect(await compile("bare.mts", source, options)).toEqual([]);
});

test.each([
  ["the DOM library", { lib: ["es2022", "dom"], types: [] }],
  ["Node's types", { lib: ["es2022"], types: ["node"] }],
])("with %s what comes from the platform has its type", async (_, libraries) => {
  const source = `
    import { FormationClient } from "muxi-client";
    import { receive } from "muxi-client/webhook";

    const formation = new FormationClient({ url: "http://test", fetch: globalThis.fetch });
    export const call = async (): Promise<number> => {
      const signal = AbortSignal.timeout(1);
      const response = await formation.request({ path: "/status", key: "admin" }, { signal });
      // @ts-expect-error
      const text: string = response.status;
      return text === undefined ? 0 : response.status;
    };
    // @ts-expect-error
    formation.request({ path: "/status", key: "admin" }, { signal: 5 });
    // @ts-expect-error
    receive("body", { secret: "" });
    export const read = async (): Promise<string | undefined> => {
      const { value } = await formation.chatStream({ message: "Hello" }).toReadableStream().getReader().read();
      // @ts-expect-error
      const number: number | undefined = value;
      return number === undefined ? undefined : value?.type;
    };`;
  const options = { module: "nodenext", noEmit: true, ...libraries };
  expect(await compile("platform.mts", source, options)).toEqual([]);
});
