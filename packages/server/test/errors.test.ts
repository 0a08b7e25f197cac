import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { serverErrorSchema } from "@muxi/protocol";
import { expect, test } from "vitest";
import { call } from "./bundles.ts";
import { createFormation, devRun, startTestServer } from "./helpers.ts";

const get = (path: string, headers = "") =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n`;
const post = (path: string, body: string, headers = "") =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;
const json = "Content-Type: application/json\r\n";

const refused: readonly [what: string, status: number, sent: string][] = [
  ["what is no HTTP", 400, "HELLO\r\n\r\n"],
  ["headers over the limit", 431, get("/health", `X-Long: ${"a".repeat(17_000)}\r\n`)],
  ["a request that does not come to its end", 408, "GET /health HTTP/1.1\r\n"],
  ["a request without a host", 400, "GET /health HTTP/1.1\r\n\r\n"],
  ["a second host", 400, get("/api/my-bot/v1/health", "Host: other\r\n")],
  ["a host that is none", 400, get("/api/my-bot/v1/health").replace("localhost", "a b/c")],
  ["a path that cannot be decoded", 400, get("/rpc/formations/%E0%A4%A")],
  ["an id of any length", 414, get(`/rpc/formations/${"a".repeat(300)}`)],
  ["a path that leads nowhere", 404, get("/rpc/formations/my-bot/nothing")],
  ["an unknown formation", 404, get("/rpc/formations/my-bot")],
  ["a body that is not JSON", 400, post("/rpc/dev/run", "{", json)],
  ["a key __proto__", 400, post("/rpc/dev/run", '{"__proto__": {"path": "/"}}', json)],
  ["a key __proto__ in other letters", 400, post("/rpc/dev/run", '{"__\\u0070roto__": {}}', "")],
  [
    "a body of a million values",
    400,
    post("/rpc/formations/my-bot/draft/files", `[${"[],".repeat(1_000_000)}1]`, json),
  ],
  ["a body in another coding", 415, post("/rpc/dev/run", "{}", `${json}Content-Encoding: br\r\n`)],
  ["a body that is not in its coding", 400, post("/rpc/dev/run", "{}", `${json}Content-Encoding: gzip\r\n`)],
  ["a body without what it needs", 400, post("/rpc/dev/run", "{}", json)],
  ["a draft that does not run", 404, post("/rpc/dev/stop", '{"formation_id":"my-bot"}', json)],
  ["a draft file of no draft", 404, post("/rpc/formations/my-bot/draft/files", '{"action":"list"}', json)],
  ["a deployment without a type", 400, post("/rpc/formations", "")],
  ["a page of another origin", 403, get("/rpc/formations", "Origin: https://elsewhere.example\r\n")],
  ["a call to an unknown formation", 404, get("/api/my-bot/v1/health")],
  ["an upgrade", 501, get("/api/my-bot/v1/chat", "").replace("close", "upgrade\r\nUpgrade: websocket")],
];

test.each(refused)("%s is %d with error, message and code", async (_, status, sent) => {
  const { port } = await startTestServer({ timeouts: { headersMs: 300, idleMs: 300, requestMs: 300 } });
  const socket = connect(port, "127.0.0.1");
  socket.write(sent);
  const [head = "", body = ""] = (await text(socket)).split("\r\n\r\n");
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(head).toMatch(/^connection: close$/im);
  expect(serverErrorSchema().parse(JSON.parse(body)).code).toBe(status);
});

const draftCall = (url: string, body: Uint8Array<ArrayBuffer>) =>
  fetch(`${url}/rpc/formations/my-bot/draft/files`, {
    method: "POST",
    headers: { "content-type": "application/json", "content-encoding": "gzip" },
    body,
  });

test("a body in gzip is read, up to the limit of what comes out of it", async () => {
  const { url } = await startTestServer();
  const made = await draftCall(url, gzipSync('{"action":"init","mode":"new"}'));
  expect(await made.json()).toMatchObject({ success: true, data: { action: "init", mode: "new" } });
  const bomb = await draftCall(url, gzipSync(`{"action":"list","path":"${" ".repeat(9 * 1024 * 1024)}"}`));
  expect(bomb.status).toBe(413);
  expect(serverErrorSchema().parse(await bomb.json()).message).toBe(
    "The body is larger than 8 MB: send less in it",
  );
});

test("commas and brackets in what is sent are no values", async () => {
  const { url } = await startTestServer();
  const call = (fields: object) => draftCall(url, gzipSync(JSON.stringify(fields)));
  await call({ action: "init", mode: "new" });
  const content = '[{"a": "\\\\"}, 1],'.repeat(5000);
  const written = await call({ action: "write", path: "data.json", content });
  expect(await written.json()).toMatchObject({ success: true, data: { size: content.length } });
});

test("TRACE does not send back what was sent", async () => {
  const { port } = await startTestServer();
  const socket = connect(port, "127.0.0.1");
  socket.end(`${get("/api/my-bot/v1/health", "Cookie: secret\r\n").replace("GET", "TRACE")}`);
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 405 /);
  expect(answer).not.toContain("secret");
});

test("an answer under way is cut where its request turns out to be none, and holds no other", async () => {
  const server = await startTestServer();
  await devRun(server, await createFormation("hello"));
  const socket = connect(server.port, "127.0.0.1");
  socket.write(
    "POST /draft/hello/stream HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
  );
  let answer = "";
  for await (const chunk of socket) {
    if (answer === "") socket.write("no chunk\r\n");
    answer += String(chunk);
  }
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
});

test("a stream ends with them too", async () => {
  const { url } = await startTestServer();
  const { body } = await call(url, "POST", "/rpc/formations/my-bot/start/stream");
  const data = /event: error\ndata: (.*)\n/.exec(body)?.[1] ?? "";
  expect(JSON.parse(data)).toEqual({
    error: "NotFound",
    message: "Formation 'my-bot' not found",
    code: 404,
    stage: "validating",
  });
});
