import { createServer } from "node:http";
import { createServer as createRawServer, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { expect, it } from "vitest";
import { until } from "../../../test/until.ts";
import { listen, sendCut, startRawServer, type Wire } from "../../../test/wire.ts";
import { ask, openClient } from "./read-response.ts";

const requestEnd = /\r\n\r\nquestion$/;
const ok = "HTTP/1.1 200 OK\r\n";
const whole = (text: string): string => `${ok}content-length: ${text.length}\r\n\r\n${text}`;

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await nextTurn();
};

const start = async () => {
  const server = await startRawServer();
  const client = openClient();
  const url = `http://127.0.0.1:${server.port}/v1/chat?a=%20b`;
  return {
    server,
    client,
    url,
    ask: (options?: Parameters<typeof ask>[2]) => ask(client, url, options),
    /** A connection that has carried a request, and its first answer is read. */
    async used(): Promise<Wire> {
      const before = server.count;
      const first = ask(client, url);
      const wire = await server.connection(before);
      await wire.receives(requestEnd);
      wire.send(whole("first"));
      expect((await first.over()).text).toBe("first");
      return wire;
    },
  };
};

it("sends a request as servers expect it", async () => {
  const { server, ask } = await start();
  ask({ body: "gr\u00fc\u00dfe", headers: { "content-type": "text/plain", authorization: "Bearer k" } });
  const wire = await server.connection(0);
  expect(await wire.receives(/e$/)).toBe(
    `POST /v1/chat?a=%20b HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\n` +
      "content-type: text/plain\r\nauthorization: Bearer k\r\n" +
      "content-length: 7\r\nconnection: keep-alive\r\n\r\ngr\u00c3\u00bc\u00c3\u009fe",
  );
  ask({ body: Buffer.from([0, 255, 10]) });
  expect(await (await server.connection(1)).receives(/\n$/)).toMatch(
    /content-length: 3\r\n.*\r\n\r\n\0\u00ff\n$/s,
  );
});

it.each(["a\r\nx-injected: 1", "a\nb", "a\0", "\u20ac"])("sends no header with %j in it", async (value) => {
  const { server, ask } = await start();
  expect(() => ask({ headers: { "x-a": value } })).toThrow(
    expect.objectContaining({ code: "ERR_INVALID_CHAR", message: expect.stringContaining("x-a") }),
  );
  await turns(5);
  expect(server.count).toBe(0);
});

it("reads answers of every framing wherever they are cut, one after the other on one connection", async () => {
  const { server, client, url } = await start();
  const content = fc.string({ unit: "binary-ascii", maxLength: 60 });
  const hex = (text: string) => text.length.toString(16);
  const chunks = fc
    .array(
      content.filter((text) => text !== ""),
      { maxLength: 4 },
    )
    .map((parts) => ({
      content: parts.join(""),
      bytes: `${ok}transfer-encoding: chunked\r\n\r\n${parts.map((text) => `${hex(text)};x=1\r\n${text}\r\n`).join("")}0\r\nx-t: 1\r\n\r\n`,
    }));
  const answer = fc.oneof(
    content.map((text) => ({ content: text, bytes: whole(text) })),
    chunks,
    fc.constant({ content: "", bytes: "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n" }),
  );
  const early = fc.constantFrom(
    "",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n",
  );
  let requests = 0;
  await fc.assert(
    fc.asyncProperty(early, answer, fc.array(fc.nat(250), { maxLength: 5 }), async (first, sent, cuts) => {
      const reading = ask(client, url);
      requests += 1;
      const wire = await server.connection(0);
      await until("the request is here", () => wire.received.split("question").length > requests);
      await sendCut(wire, first + sent.bytes, cuts);
      const { text, told, error } = await reading.over();
      expect({ text, error }).toEqual({ text: sent.content, error: undefined });
      expect(told).toEqual(sent.content === "" ? ["head", "end"] : ["head", "data", "end"]);
    }),
    { numRuns: 50 },
  );
  expect(server.count).toBe(1);
});

it.each([
  ["without a length", `${ok}\r\nto the end`],
  ["of HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nto the end"],
])("an answer %s ends with its connection", async (_what, bytes) => {
  const { server, ask } = await start();
  const reading = ask();
  const wire = await server.connection(0);
  await wire.receives(requestEnd);
  wire.send(bytes);
  await until("the body was read", () => reading.text === "to the end");
  expect(reading.told).toEqual(["head", "data"]);
  wire.socket.end();
  expect((await reading.over()).told).toEqual(["head", "data", "end"]);
});

it("an answer without a length that breaks off has failed", async () => {
  const { server, ask } = await start();
  const reading = ask();
  const wire = await server.connection(0);
  await wire.receives(requestEnd);
  wire.send(`${ok}\r\nhalf`);
  await until("half of the body was read", () => reading.text === "half");
  wire.socket.resetAndDestroy();
  expect((await reading.over()).error).toMatchObject({ code: "ECONNRESET" });
});

it.each([
  ["is not HTTP", "hello\r\n\r\n"],
  ["changes the protocol", "HTTP/1.1 101 Switching Protocols\r\n\r\n"],
  ["has two lengths", `${ok}content-length: 1\r\ncontent-length: 2\r\n\r\nok`],
  ["has a head without end", `${ok}x-a: ${"a".repeat(70_000)}`],
  ["has a broken chunk", `${ok}transfer-encoding: chunked\r\n\r\n2\r\nok\r\nx\r\n`],
  ["has a chunk longer than its size", `${ok}transfer-encoding: chunked\r\n\r\n2\r\nokay\r\n`],
  ["is cut off in its head", `${ok}content-le`, "end"],
  ["is cut off in its body", `${ok}content-length: 5\r\n\r\nhalf`, "end"],
  ["is cut off in its chunks", `${ok}transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n`, "end"],
])("an answer that %s has failed, once, and its connection is gone", async (_what, bytes, end = "") => {
  const { server, ask } = await start();
  const reading = ask();
  const wire = await server.connection(0);
  await wire.receives(requestEnd);
  wire.send(bytes);
  if (end !== "") wire.socket.end();
  await reading.over();
  await wire.ends();
  await turns(5);
  expect(reading.told.filter((what) => what !== "head" && what !== "data")).toEqual(["failed"]);
  expect(reading.error?.message).toMatch(/^The (response|head of the response|other side) /);
  expect(server.count).toBe(1);
});

it("requests share a kept connection; those at the same time have one each", async () => {
  const { server, used, ask } = await start();
  const wire = await used();
  const second = ask();
  const third = ask();
  const other = await server.connection(1);
  await other.receives(requestEnd);
  other.send(whole("third"));
  wire.send(whole("second"));
  expect([(await second.over()).text, (await third.over()).text]).toEqual(["second", "third"]);
  expect(server.count).toBe(2);
});

it("what is said about an answer that is over does not reach the next one on its connection", async () => {
  const { server, ask } = await start();
  const first = ask();
  const wire = await server.connection(0);
  await wire.receives(requestEnd);
  wire.send(whole("first"));
  await first.over();
  const second = ask();
  await until("the second request is here", () => wire.received.split("question").length === 3);
  first.pending.pause();
  first.pending.abort();
  wire.send(whole("second"));
  expect((await second.over()).text).toBe("second");
});

it.each([
  ["closed", (socket: Socket) => socket.end()],
  ["broken", (socket: Socket) => socket.resetAndDestroy()],
])("a request on a kept connection that was %s is sent again, once", async (_what, leave) => {
  const { server, used, ask } = await start();
  const wire = await used();
  const reading = ask();
  // It is on its way when the other side leaves.
  leave(wire.socket);
  const next = await server.connection(1);
  await next.receives(requestEnd);
  next.send(whole("again"));
  expect((await reading.over()).text).toBe("again");
  expect(reading.told).toEqual(["head", "data", "end"]);

  leave(next.socket);
  await turns(5);
  const lost = ask();
  leave((await server.connection(2)).socket);
  expect((await lost.over()).told).toEqual(["failed"]);
  expect(server.count).toBe(3);
});

it("a request of which an answer has begun is not sent again", async () => {
  const { server, used, ask } = await start();
  const wire = await used();
  const reading = ask();
  await until("the second request is here", () => wire.received.split("question").length === 3);
  wire.send("HTTP/1.1 100 Continue\r\n\r\n");
  wire.socket.end();
  expect((await reading.over()).told).toEqual(["failed"]);
  await turns(5);
  expect(server.count).toBe(1);
});

it.each([
  ["says so", `${ok}connection: close\r\ncontent-length: 2\r\n\r\nok`],
  ["speaks HTTP/1.0", "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok"],
  ["waits for no time at all", `${ok}keep-alive: timeout=1\r\ncontent-length: 2\r\n\r\nok`],
  ["sends more than its answer", `${whole("ok")}${whole("evil")}`],
])("a connection is not used again when the other side %s", async (_what, bytes) => {
  const { server, ask } = await start();
  const reading = ask();
  const wire = await server.connection(0);
  await wire.receives(requestEnd);
  wire.send(bytes);
  expect((await reading.over()).text).toBe("ok");
  await wire.ends();
  const next = ask();
  const other = await server.connection(1);
  await other.receives(requestEnd);
  other.send(whole("next"));
  expect((await next.over()).text).toBe("next");
});

it("what comes when nobody asked is nobody's answer", async () => {
  const { server, used, ask } = await start();
  const wire = await used();
  wire.send(whole("evil"));
  await wire.ends();
  const reading = ask();
  const next = await server.connection(1);
  await next.receives(requestEnd);
  next.send(whole("right"));
  expect((await reading.over()).text).toBe("right");
});

it("an answer that comes before the request was read whole is given, and its connection not used again", async () => {
  const { server, ask } = await start();
  for (const [index, end] of [() => undefined, (socket: Socket) => socket.end()].entries()) {
    const body = "x".repeat(30_000_000);
    const reading = ask({ body });
    const wire = await server.connection(index * 2);
    await wire.receives(/\r\n\r\nx/);
    wire.socket.pause();
    wire.send(`HTTP/1.1 413 Too Large\r\ncontent-length: 9\r\n\r\ntoo large`);
    end(wire.socket);
    const { status, text, told } = await reading.over();
    expect({ status, text, told }).toEqual({ status: 413, text: "too large", told: ["head", "data", "end"] });

    const next = ask();
    const other = await server.connection(index * 2 + 1);
    await other.receives(requestEnd);
    other.send(`${ok}connection: close\r\ncontent-length: 4\r\n\r\nnext`);
    expect((await next.over()).text).toBe("next");
  }
});

it("a server that refuses a long body and breaks the connection is heard", async () => {
  const server = createRawServer((socket) => {
    socket.on("error", () => undefined); // The client is allowed to be cut off in its sending.
    socket.once("data", () => {
      socket.pause();
      socket.end(`HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 9\r\n\r\ntoo large`, () => {
        socket.destroy();
      });
    });
  });
  const port = await listen(server);
  const { status, text } = await ask(openClient(), `http://127.0.0.1:${port}`, {
    body: "x".repeat(30_000_000),
  }).over();
  expect({ status, text }).toEqual({ status: 413, text: "too large" });
});

it("one that breaks off hears no more, whenever it does, and its connection is not used again", async () => {
  const bytes = whole("answer");
  for (const at of ["at once", "head", "data", "later"]) {
    const { server, ask } = await start();
    const reading = ask({
      onHead: (pending) => at === "head" && pending.abort(),
      onData: (pending) => at === "data" && pending.abort(),
    });
    if (at === "at once") reading.pending.abort();
    else {
      const wire = await server.connection(0);
      await wire.receives(requestEnd);
      if (at === "later") wire.send(bytes.slice(0, -2));
      else wire.send(bytes);
      if (at === "later") {
        await until("the body has begun", () => reading.told.includes("data"));
        reading.pending.abort();
        wire.send(bytes.slice(-2));
      }
      await wire.ends();
    }
    const told = { "at once": [], head: ["head"], data: ["head", "data"], later: ["head", "data"] }[at];
    await turns(10);
    expect(reading.told, at).toEqual(told);

    const before = server.count;
    const next = ask();
    const wire = await server.connection(before);
    await wire.receives(requestEnd);
    wire.send(bytes);
    expect((await next.over()).text).toBe("answer");
  }
});

it("a reader that pauses holds the other side back and loses nothing", async () => {
  const { server, ask } = await start();
  const long = "0123456789".repeat(2_000_000);
  let pieces = 0;
  const reading = ask({
    onData(pending) {
      pieces += 1;
      pending.pause();
    },
  });
  const wire = await server.connection(0);
  await wire.receives(requestEnd);
  wire.send(whole(long));
  await until("the first chunk was read", () => pieces === 1);
  await turns(20);
  expect(pieces).toBe(1);
  expect(wire.socket.writableLength).toBeGreaterThan(0);
  while (!reading.told.includes("end")) {
    reading.pending.resume();
    await nextTurn();
  }
  expect(reading.text === long).toBe(true);
  expect(reading.error).toBeUndefined();

  // The pause does not outlive its answer.
  const next = ask();
  await until("the second request is here", () => wire.received.split("question").length === 3);
  wire.send(whole("next"));
  expect((await next.over()).text).toBe("next");
});

it("a connection that cannot be made says why", async () => {
  const server = createRawServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  const client = openClient();
  const refused = await ask(client, `http://127.0.0.1:${port}`).over();
  expect(refused.error).toMatchObject({ code: "ECONNREFUSED" });
  expect(refused.told).toEqual(["failed"]);
  expect((await ask(client, `http://localhost:${port}`).over()).error).toMatchObject({
    code: "ECONNREFUSED",
  });
  // No port at all is not the usual one.
  expect((await ask(client, "http://127.0.0.1:0").over()).error?.message).not.toMatch(/:80$/);
});

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === "::1"),
);

it.each([
  { host: "127.0.0.1", name: "127.0.0.1" },
  { host: "127.0.0.1", name: "localhost" },
  ...(hasIpv6 ? [{ host: "::1", name: "[::1]" }] : []),
])("reaches a server on $host as $name", async ({ host, name }) => {
  const server = createServer((request, response) => response.end(request.headers.host));
  const port = await listen(server, host);
  const { text, error } = await ask(openClient(), `http://${name}:${port}/`).over();
  expect({ text, error }).toEqual({ text: `${name}:${port}`, error: undefined });
});

it("a closed client ends free connections at once, and each other one with its answer", async () => {
  const { server, client, used, ask } = await start();
  const free = await used();
  const busy = ask();
  const second = ask();
  const wire = await server.connection(1);
  await wire.receives(requestEnd);
  free.send(whole("first"));
  await busy.over();
  client.close();
  await free.ends();
  wire.send(whole("second"));
  expect((await second.over()).text).toBe("second");
  await wire.ends();
});
