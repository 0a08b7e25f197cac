import { createServer, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import fc from "fast-check";
import { expect, it, onTestFinished, vi } from "vitest";
import { until } from "../../../test/until.ts";
import { listen, openWire, sendCut } from "../../../test/wire.ts";
import { type FrontContext, type PlainRequest, putFrontBefore } from "../src/index.ts";

interface Served {
  request: PlainRequest;
  client: Socket;
  done: (broken: boolean) => void;
  resumed: number;
  aborted: number;
}

const answerOf = (text: string): string => `HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`;

const whole = ({ method, url }: IncomingMessage | PlainRequest, body: string): string =>
  `${method} ${url} [${body}]`;

/** Says of each request who has read it: the front, whose calls the test answers where it wants to, or Node. */
const startFront = async (
  options: Partial<Pick<FrontContext, "idleMs" | "patienceMs">> & { isHeld?: boolean } = {},
) => {
  const { isHeld = false, idleMs = 60_000, patienceMs = 60_000 } = options;
  const calls: Served[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("latin1").on("data", (text) => {
      body += text;
    });
    request.on("end", () => response.end(`node ${whole(request, body)}`));
  });
  const front = putFrontBefore({
    server,
    starts: /^(?:GET|POST|PUT|PATCH|DELETE) \//,
    idleMs,
    patienceMs,
    serve(request, client, done) {
      if (request.url === "/declined") return undefined;
      const call: Served = { request, client, done, resumed: 0, aborted: 0 };
      calls.push(call);
      if (!isHeld) {
        client.write(answerOf(`front ${whole(request, request.body.toString("latin1"))}`));
        done(false);
      }
      return {
        resume() {
          call.resumed += 1;
        },
        abort() {
          call.aborted += 1;
        },
      };
    },
  });
  const port = await listen(server);
  const called = async (index: number): Promise<Served> => {
    await until(`request ${index} has reached the front`, () => calls.length > index);
    const call = calls[index];
    if (!call) throw new Error(`no call ${index}`);
    return call;
  };
  return { front, server, port, calls, called };
};

const get = (path: string, ...lines: string[]): string =>
  [`GET ${path} HTTP/1.1`, "Host: x", ...lines, "", ""].join("\r\n");

const post = (path: string, body: string, ...lines: string[]): string =>
  [`POST ${path} HTTP/1.1`, "Host: x", `Content-Length: ${body.length}`, ...lines, "", body].join("\r\n");

const readers = (received: string): string[] =>
  [...received.matchAll(/(front|node) ([A-Z]+ \S+ \[[^\]]*\])/g)].map((match) => match[0]);

const pause = () => new Promise((resolve) => setImmediate(resolve));

it("reads requests one after the other, wherever the bytes are cut", async () => {
  const { port } = await startFront();
  const body = fc.string({ unit: "grapheme-ascii", maxLength: 40 }).map((text) => text.replaceAll("]", "\r"));
  const request = fc.oneof(
    fc.nat(9).map((number) => get(`/${number}`)),
    fc.tuple(fc.nat(9), body).map(([number, text]) => post(`/${number}`, text)),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(request, fc.array(fc.nat(120), { maxLength: 3 })), { minLength: 1, maxLength: 4 }),
      async (requests) => {
        const wire = openWire(port);
        const expected: string[] = [];
        for (const [text, cuts] of requests) {
          const [head = "", sent = ""] = text.split("\r\n\r\n");
          expected.push(`front ${/^\w+ \S+/.exec(head)?.[0]} [${sent}]`);
          await sendCut(wire, text, cuts);
          await until(
            "each request is answered",
            () => readers(wire.received).length === expected.length || wire.over,
          );
        }
        expect(readers(wire.received)).toEqual(expected);
        wire.socket.destroy();
      },
    ),
    { numRuns: 40 },
  );
});

it("answers requests that do not wait in their order, wherever the bytes are cut", async () => {
  const { port } = await startFront();
  const text = get("/1") + post("/2", "body") + get("/3", "Connection: close");
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(text.length), { maxLength: 4 }), async (cuts) => {
      const wire = openWire(port);
      await sendCut(wire, text, cuts);
      const order = readers(await wire.ends()).map((reader) => reader.replace(/^\w+ /, ""));
      expect(order).toEqual(["GET /1 []", "POST /2 [body]", "GET /3 []"]);
    }),
    { numRuns: 40 },
  );
});

it.each([
  ["of 64 KB is read", 65_536, "front"],
  ["of more is left to Node", 65_537, "node"],
])("a body %s", async (_what, length, reader) => {
  const { port } = await startFront();
  const body = "x".repeat(length);
  for (const cuts of [[], [100], [65_535], [65_600]]) {
    const wire = openWire(port);
    await sendCut(wire, post("/", body), cuts);
    await wire.receives(/\]/);
    expect(readers(wire.received)).toEqual([`${reader} POST / [${body}]`]);
  }
});

it.each([
  ["what is not served", get("/declined"), "node GET /declined []"],
  ["chunks", `${get("/", "Transfer-Encoding: chunked")}2\r\nok\r\n0\r\n\r\n`, "node GET / [ok]"],
  ["HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "node GET / []"],
])("leaves %s to Node, and all that follows", async (_what, text, expected) => {
  const { port } = await startFront();
  const wire = openWire(port);
  wire.send(get("/first"));
  await wire.receives(/front GET \/first/);
  wire.send(text);
  await until("both requests are answered", () => readers(wire.received).length === 2);
  expect(readers(wire.received)[1]).toBe(expected);
});

it("a head that never ends is Node's to refuse", async () => {
  const { port } = await startFront();
  const wire = openWire(port);
  wire.send(`GET / HTTP/1.1\r\nx-a: ${"a".repeat(20_000)}`);
  expect(await wire.ends()).toMatch(/^HTTP\/1\.1 431 /);
});

it("a client that leaves in the middle of its answer ends its work, once", async () => {
  const { port, called } = await startFront({ isHeld: true });
  for (const [index, leave] of [
    (socket: Socket) => socket.destroy(),
    (socket: Socket) => socket.resetAndDestroy(),
    (socket: Socket) => socket.end(),
  ].entries()) {
    const wire = openWire(port);
    wire.send(get("/"));
    const call = await called(index);
    call.client.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf");
    await wire.receives(/half$/);
    // Nor does it read what is on its way.
    wire.socket.pause();
    call.client.write("z".repeat(20_000_000));
    leave(wire.socket);
    await until("the call is aborted", () => call.client.destroyed && call.aborted > 0);
    await pause();
    expect(call.aborted).toBe(1);
  }
});

it("a client that is ahead with its next request gets its answers in order, and a long one is held back", async () => {
  const { port, called, calls } = await startFront({ isHeld: true });
  const wire = openWire(port);
  wire.send(get("/1"));
  const first = await called(0);
  wire.send(post("/2", "x".repeat(60_000)));
  await pause();
  expect(calls).toHaveLength(1);
  first.client.write(answerOf("one"));
  first.done(false);
  const second = await called(1);
  expect(second.request.body).toHaveLength(60_000);

  // More than can be held: the socket is not read any further, and what was read is not lost.
  const far = "y".repeat(4_000_000);
  wire.send(post("/3", far));
  await until("the socket is not read any further", () => second.client.isPaused());
  const { bytesRead } = second.client;
  expect(bytesRead).toBeLessThan(1_000_000);
  second.client.write(answerOf("two"));
  second.done(false);
  await until("Node has answered", () => /node POST \/3 \[y+\]/.test(wire.received));
  expect(wire.received.includes(`node POST /3 [${far}]`)).toBe(true);
  expect(first.aborted + second.aborted).toBe(0);
});

it("one who does not read its answers gets no more of them, and is not read either", async () => {
  const { port, called, calls } = await startFront({ isHeld: true });
  const wire = openWire(port);
  wire.socket.pause();
  wire.send(get("/1"));
  const first = await called(0);
  const long = "z".repeat(20_000_000);
  first.client.write(answerOf(long));
  first.done(false);
  expect(first.client.writableNeedDrain).toBe(true);

  wire.send(get("/2"));
  await until("the socket is not read any further", () => first.client.isPaused());
  for (let count = 0; count < 20; count += 1) wire.send("x".repeat(500_000));
  for (let count = 0; count < 50; count += 1) await pause();
  expect(first.client.bytesRead).toBeLessThan(500_000);
  expect(calls).toHaveLength(1);

  wire.socket.resume();
  const second = await called(1);
  expect(second.request.url).toBe("/2");
  await until("the first response is here", () => wire.received.length >= answerOf(long).length);
  expect(wire.received === answerOf(long)).toBe(true);
});

/** From now on connections wait as long as the test lets them. */
const holdClock = () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
};

it("a slow reader of a whole answer is not idle", async () => {
  holdClock();
  const { port, called } = await startFront({ isHeld: true, idleMs: 60_000, patienceMs: 10_000 });
  const wire = openWire(port);
  wire.socket.pause();
  wire.send(get("/"));
  const { client, done } = await called(0);
  const long = "z".repeat(20_000_000);
  client.write(answerOf(long));
  done(false);
  // Another one, that is idle from now on, is gone when its time is over.
  const idle = openWire(port);
  idle.send(get("/idle"));
  const other = await called(1);
  other.client.write(answerOf("idle"));
  other.done(false);
  await idle.receives(/idle$/);
  vi.advanceTimersByTime(70_000);
  expect(await idle.ends()).toBe(answerOf("idle"));
  expect(client.destroyed).toBe(false);
  wire.socket.resume();
  // It is idle as soon as all was sent.
  await until("all was sent", () => client.writableLength === 0);
  vi.advanceTimersByTime(70_000);
  expect((await wire.ends()) === answerOf(long)).toBe(true);
});

it("one that half-closes gets what was answered", async () => {
  const { port, called } = await startFront({ isHeld: true });
  const wire = openWire(port);
  wire.socket.pause();
  wire.send(get("/"));
  const { client, done } = await called(0);
  const long = "z".repeat(20_000_000);
  client.write(answerOf(long));
  done(false);
  wire.socket.end();
  await until("the front has seen the end", () => client.readableEnded);
  wire.socket.resume();
  expect((await wire.ends()) === answerOf(long)).toBe(true);
});

it("a connection that says nothing is closed after its time, and a half request is Node's to wait for", async () => {
  holdClock();
  const { port, called } = await startFront({ idleMs: 60_000, patienceMs: 10_000 });
  const half = openWire(port);
  half.send(get("/"));
  await half.receives(/front/);
  const begun = "GET /half HTTP/1.1\r\nHo";
  half.send(begun);
  const { client } = await called(0);
  await until("half a request is read", () => client.bytesRead === get("/").length + begun.length);

  const idle = openWire(port);
  idle.send(get("/"));
  await idle.receives(/front/);
  vi.advanceTimersByTime(60_000);
  expect((await called(1)).client.destroyed).toBe(false);
  vi.advanceTimersByTime(10_000);
  expect(readers(await idle.ends())).toEqual(["front GET / []"]);
  expect(half.over).toBe(false);
  half.send("st: x\r\n\r\n");
  await half.receives(/node GET \/half/);
});

it("closes idle connections at once, busy ones with their answer, and waits for half requests", async () => {
  const { port, server, front, called, calls } = await startFront({ isHeld: true });
  const silent = openWire(port);
  const busy = openWire(port);
  busy.send(get("/busy"));
  const call = await called(0);
  const served = openWire(port);
  served.send(get("/served"));
  const other = await called(1);
  other.client.write(answerOf("served"));
  other.done(false);
  await served.receives(/served$/);
  const half = openWire(port);
  half.send("GET /half HTTP/1.1\r\nHo");
  await until("half a request is sent", () => half.socket.bytesWritten > 0);
  await pause();
  await pause();

  const closed = new Promise((resolve) => server.close(resolve));
  front.close();
  await Promise.all([silent.ends(), served.ends()]);
  expect(busy.over).toBe(false);
  call.client.write(answerOf("busy"));
  call.done(false);
  expect(await busy.ends()).toBe(answerOf("busy"));
  half.send("st: x\r\n\r\n");
  await half.receives(/node GET \/half/);

  // What comes after the end is not done: its caller could never hear of it.
  served.send(post("/late", "twice?"));
  busy.send(post("/late", "twice?"));
  for (const wire of [silent, busy, served, half]) wire.socket.end();
  await closed;
  expect(calls.map(({ request }) => request.url)).toEqual(["/busy", "/served"]);
});

it("a broken answer breaks the connection", async () => {
  const { port, called } = await startFront({ isHeld: true });
  const wire = openWire(port);
  wire.send(get("/"));
  const call = await called(0);
  call.client.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf");
  await wire.receives(/half$/);
  call.done(true);
  expect(await wire.ends()).toMatch(/half$/);
  expect(call.aborted).toBe(0);
});

it("keeps nothing of connections that are gone", async () => {
  const { port, server, front, called } = await startFront({ isHeld: true });
  const wires = Array.from({ length: 20 }, () => openWire(port));
  for (const [index, wire] of wires.entries()) {
    if (index % 2 === 0) wire.send(get(`/${index}`));
  }
  await called(9);
  front.destroy();
  await Promise.all(wires.map((wire) => wire.ends()));
  await new Promise((resolve) => server.close(resolve));
  expect(wires.map((wire) => wire.received).join("")).toBe("");
});
