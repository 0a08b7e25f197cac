import { connect, type Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { until } from "../../../test/until.ts";
import { createFormation, devRun, startTestServer, type TestServer } from "./helpers.ts";

const startProxied = async (): Promise<TestServer> => {
  const server = await startTestServer();
  await devRun(server, await createFormation("hello"));
  return server;
};

interface Wire {
  socket: Socket;
  send(text: string): void;
  /** Resolves when what was received so far matches. */
  receives(pattern: RegExp): Promise<string>;
  readonly received: string;
}

const openWire = (server: TestServer): Wire => {
  const socket = connect(server.port, "127.0.0.1");
  onTestFinished(() => {
    socket.destroy();
  });
  let received = "";
  socket.setEncoding("latin1").on("data", (text) => {
    received += text;
  });
  socket.on("error", () => undefined); // The test reads what came before.
  return {
    socket,
    send: (text) => void socket.write(text),
    receives: (pattern) => until(`${pattern} is received`, () => pattern.test(received) && received),
    get received() {
      return received;
    },
  };
};

const get = (path: string, ...lines: string[]): string =>
  [`GET /draft/hello${path} HTTP/1.1`, "Host: x", ...lines, "", ""].join("\r\n");

const post = (path: string, body: string, ...lines: string[]): string =>
  [`POST /draft/hello${path} HTTP/1.1`, "Host: x", `Content-Length: ${body.length}`, ...lines, "", body].join(
    "\r\n",
  );

/** The bodies of answers with a length, in their order. */
const bodies = (received: string): string[] =>
  received
    .split(/HTTP\/1\.1 \d{3} [^\r]*\r\n/)
    .slice(1)
    .map((answer) => answer.slice(answer.indexOf("\r\n\r\n") + 4));

const urls = (received: string): string[] =>
  [...received.matchAll(/"url":"([^"]*)"/g)].map(([, url = ""]) => url);

it("a request that comes in pieces is answered when it is whole", async () => {
  const server = await startProxied();
  const whole = post("/echo", "some body");
  for (const cut of [3, 30, whole.indexOf("\r\n\r\n") + 2, whole.length - 4]) {
    const wire = openWire(server);
    wire.send(whole.slice(0, cut));
    await new Promise((resolve) => setImmediate(resolve));
    wire.send(whole.slice(cut));
    expect(await wire.receives(/"body":"some body"/)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  }
});

it("requests that do not wait for answers are answered in their order", async () => {
  const server = await startProxied();
  const together = openWire(server);
  together.send(get("/1") + post("/2", "x") + get("/3"));
  expect(urls(await together.receives(/"url":"\/3"/))).toEqual(["/1", "/2", "/3"]);

  // The second comes while the first is under way.
  const ahead = openWire(server);
  ahead.send(get("/1"));
  ahead.send(get("/raw?HTTP/1.1%20200%20OK%0D%0Acontent-length:4%0D%0A%0D%0Aha<pause>lf"));
  await ahead.receives(/ha$/);
  ahead.send(post("/2", "x"));
  ahead.send(get("/3"));
  const received = await ahead.receives(/"url":"\/3"/);
  expect(urls(received)).toEqual(["/1", "/2", "/3"]);
  expect(bodies(received)[1]).toBe("half");
});

it("one connection serves formations and the server itself by turns", async () => {
  const server = await startProxied();
  const wire = openWire(server);
  wire.send(get("/1"));
  await wire.receives(/"url":"\/1"/);
  wire.send("GET /ping HTTP/1.1\r\nHost: x\r\n\r\n");
  await wire.receives(/pong/);
  wire.send(get("/2"));
  await wire.receives(/"url":"\/2"/);
  wire.send("GET /api/nobody/v1/chat HTTP/1.1\r\nHost: x\r\n\r\n");
  await wire.receives(/"Formation 'nobody' not found"/);
});

it.each([
  ["a length and chunks", post("/echo", "5\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked")],
  ["two lengths", post("/echo", "hello", "Content-Length: 1")],
  ["a length that is none", get("/echo", "Content-Length: 1x")],
  ["chunks that are not last", get("/echo", "Transfer-Encoding: chunked, gzip")],
  ["chunks in disguise", get("/echo", "Transfer-Encoding : chunked")],
  ["a carriage return alone", get("/echo", "X-A: b\rX-C: d")],
  ["a NUL in a header", get("/echo", "X-A: b\0")],
])("a request with %s is 400, and the formation never sees it", async (_what, text) => {
  const server = await startProxied();
  // In front of it a plain one, on whose connection the formation could be made to see another.
  const wire = openWire(server);
  wire.send(get("/first"));
  await wire.receives(/"url":"\/first"/);
  wire.send(text + get("/hidden"));
  const received = await wire.receives(/HTTP\/1\.1 400 /);
  expect(urls(received)).toEqual(["/first"]);
});

/** What a client gets of bytes that a formation sends. */
const answerTo = async (bytes: string, until: RegExp): Promise<string> => {
  const server = await startProxied();
  const wire = openWire(server);
  wire.send(get(`/raw?${encodeURIComponent(bytes)}`));
  await Promise.race([wire.receives(until), new Promise((resolve) => wire.socket.once("close", resolve))]);
  return wire.received;
};

const ok = "HTTP/1.1 200 OK\r\n";

it("an answer is passed on however the formation frames it", async () => {
  const early = await answerTo(
    `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${ok}content-length: 2\r\n\r\nok`,
    /ok$/,
  );
  expect(early).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(early).not.toContain("link");

  const untilClosed = await answerTo(`${ok}\r\nfirst <pause>second`, /0\r\n\r\n$/);
  expect(untilClosed).toMatch(/\r\ntransfer-encoding: chunked\r\n/);
  expect(untilClosed).toMatch(/\r\n\r\n6\r\nfirst \r\n6\r\nsecond\r\n0\r\n\r\n$/);

  const trailers = await answerTo(
    `${ok}transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-trailer: 1\r\n\r\n`,
    /0\r\n\r\n$/,
  );
  expect(trailers).toMatch(/\r\n\r\n2\r\nok\r\n0\r\n\r\n$/);

  const empty = await answerTo("HTTP/1.1 204 No Content\r\nx-last: 1\r\n\r\n", /\r\n\r\n$/);
  expect(empty).toMatch(/^HTTP\/1\.1 204 No Content\r\n/);
  expect(empty).not.toMatch(/transfer-encoding|content-length/);
});

it.each([
  ["is not HTTP", "hello\r\n\r\n"],
  ["has two lengths", `${ok}content-length: 1\r\ncontent-length: 2\r\n\r\nok`],
  ["has a length and chunks", `${ok}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  ["has chunks that are not last", `${ok}transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n`],
  ["has a line feed in a header", `${ok}x-a: b\nx-c: d\r\ncontent-length: 2\r\n\r\nok`],
  ["changes the protocol", "HTTP/1.1 101 Switching Protocols\r\n\r\n"],
  ["has a head without end", `${ok}x-a: <long>`],
])("an answer that %s is 502", async (_what, bytes) => {
  const received = await answerTo(bytes, /did not respond/);
  expect(received).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
  expect(received).toMatch(/"error":"Bad gateway"/);
});

it("an answer that breaks off or loses its frames breaks the connection", async () => {
  for (const rest of ["2\r\nok\r\nx\r\n", "2\r\nokay\r\n", "2\r\nok\r\n<pause>"]) {
    const received = await answerTo(`${ok}transfer-encoding: chunked\r\n\r\n${rest}`, /0\r\n\r\n$/);
    expect(received).not.toMatch(/0\r\n\r\n$/);
  }
});

it("what a formation sends after its answer reaches nobody", async () => {
  const server = await startProxied();
  const evil = `${ok}content-length: 4\r\n\r\nevil`;
  const wire = openWire(server);
  wire.send(get(`/raw?${encodeURIComponent(`${ok}content-length: 2\r\n\r\nok${evil}`)}`));
  await wire.receives(/\r\n\r\nok$/);
  wire.send(get("/after"));
  const received = await wire.receives(/"url":"\/after"/);
  expect(received).not.toContain("evil");
});
