import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import ts from "typescript";
import { afterAll, beforeAll, expect, test } from "vitest";
import { answer, frame, openStream, sendData, sendError, serve } from "./server.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));

const readme = await readFile(join(root, "README.md"), "utf8");
const snippets = Array.from(readme.matchAll(/```(tsx?)\n(.*?)```/gs), ([, kind = "", code = ""]) => ({
  kind,
  code,
}));

/** A folder inside the package, so that a snippet imports the package by its name; git and lint leave it out. */
let folder: string;

beforeAll(async () => {
  await mkdir(join(root, "dist"), { recursive: true });
  folder = await mkdtemp(join(root, "dist/readme-"));
});

afterAll(() => rm(folder, { recursive: true }));

/** Writes what `change` makes of each snippet, and gives the files. */
const writeSnippets = (
  prefix: string,
  change: (code: string, kind: string) => { code: string; kind: string },
): Promise<string[]> =>
  Promise.all(
    snippets.map(async (snippet, index) => {
      const { code, kind } = change(snippet.code, snippet.kind);
      const file = join(folder, `${prefix}-${index}.${kind}`);
      await writeFile(file, code);
      return file;
    }),
  );

const jsx = { jsx: ts.JsxEmit.ReactJSX };

/** Node runs TypeScript, but not with elements in it. */
const runnable = (code: string, kind: string) => {
  if (kind === "ts") return { code, kind };
  const compilerOptions = { ...jsx, target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext };
  return { code: ts.transpileModule(code, { compilerOptions }).outputText, kind: "js" };
};

/** A tar archive with one file. */
const archive = (name: string, content: string): Buffer => {
  const header = Buffer.alloc(512);
  header.write(name);
  header.write(content.length.toString(8).padStart(11, "0"), 124);
  header.write("0", 156);
  const body = Buffer.alloc(Math.ceil(content.length / 512) * 512);
  body.write(content);
  return gzipSync(Buffer.concat([header, body, Buffer.alloc(1024)]));
};

/** What the server of the README answers, by the end of the path. */
const answers: Record<string, object> = {
  "GET /health": { status: "healthy", formation_id: "my-assistant", version: "1.0.0" },
  "GET /sessions": { sessions: [{ session_id: "sess_1" }], count: 1 },
  "GET /sessions/sess_1/messages": { session_id: "sess_1", messages: [], count: 0, has_more: false },
  "GET /agents": { agents: [{ id: "hello", name: "Hello" }], count: 1 },
  "GET /memory": { enabled: true },
  "POST /memories": { id: "mem_1" },
  "GET /memories": { memories: [{ id: "mem_1", content: "Prefers Python" }], count: 1 },
  "DELETE /memories/mem_1": { deleted: "mem_1" },
  "DELETE /memory/buffer": { message: "cleared" },
  "POST /triggers/daily-report": { status: "completed", content: "The report" },
  "GET /scheduler/jobs": { jobs: [], count: 0 },
  "POST /scheduler/jobs": { id: "job_1" },
  "DELETE /scheduler/jobs/job_1": { message: "deleted" },
  "GET /rpc/server/status": { server: { version: "1.0.0" } },
  "GET /rpc/formations": { formations: [], total: 0 },
  "POST /rpc/formations": { formation_id: "my-bot" },
  "POST /rpc/formations/my-bot/stop": { status: "stopped" },
  "POST /rpc/formations/my-bot/start": { status: "running" },
};

const startServer = () =>
  serve(({ method, url, body, headers }, response) => {
    const [path = ""] = url.replace("/api/my-assistant/v1", "").split("?");
    const known = answers[`${method} ${path}`];
    if (path === "/chat" && headers["x-muxi-client-key"] === "wrong")
      return sendError(response, 401, "UNAUTHORIZED");
    if (path === "/chat" && JSON.parse(body).stream === false) {
      return sendData(response, { message: { role: "assistant", content: "Hello" }, session_id: "sess_1" });
    }
    if (path === "/chat" || path === "/events/sess_1/req_1") {
      openStream(response, { "x-muxi-request-id": "req_1" });
      response.end(
        answer("Hel", "lo")
          .slice(Number(headers["last-event-id"] ?? 0))
          .join(""),
      );
      return;
    }
    if (path.endsWith("/restart")) {
      openStream(response);
      response.end(frame(1, { type: "complete", status: "running" }));
      return;
    }
    if (known === undefined) return sendError(response, 404, "NOT_FOUND");
    sendData(response, known);
  });

test("every snippet of the README runs", async () => {
  const server = await startServer();
  await writeFile(join(folder, "my-bot.tar.gz"), archive("my-bot/formation.yaml", "id: my-bot\n"));
  const files = await writeSnippets("run", (code, kind) =>
    runnable(code.replaceAll("http://localhost:7890", server.url), kind),
  );
  expect(files.length).toBeGreaterThan(8);
  const outputs = await Promise.all(
    files.map(async (file) => {
      const { stdout } = await run(process.execPath, ["--conditions=muxi-source", "--no-warnings", file], {
        cwd: folder,
        env: {
          ...process.env,
          MUXI_CLIENT_KEY: "ck",
          MUXI_ADMIN_KEY: "ak",
          MUXI_KEY_ID: "muxi_pk_1",
          MUXI_SECRET_KEY: "muxi_sk_1",
        },
      });
      return stdout;
    }),
  );
  const output = outputs.join("");
  for (const line of [
    "healthy",
    "Hello",
    "The key is wrong",
    "hello Hello",
    "The report",
    "req_1 Done",
    "204",
    "state: 'done'",
  ]) {
    expect(output).toContain(line);
  }
}, 120_000);

test("every snippet of the README compiles", async () => {
  const files = await writeSnippets("compile", (code, kind) => ({ code, kind }));
  const { config } = ts.readConfigFile(join(root, "../../tsconfig.json"), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const program = ts.createProgram(files, { ...options, ...jsx });
  const problems = ts
    .getPreEmitDiagnostics(program)
    .filter(({ file }) => file?.fileName.includes("compile-"))
    .map(
      ({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`,
    );
  expect(problems).toEqual([]);
}, 120_000);
