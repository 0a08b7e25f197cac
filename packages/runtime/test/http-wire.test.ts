import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { until } from "../../../test/until.ts";
import { openWire, sendCut, type Wire } from "../../../test/wire.ts";
import { manifest, startFormation, writeFormation } from "./harness.ts";
import { startModelServer } from "./model-server.ts";

const start = async () => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const dir = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1", timeout_seconds: 300 }
  models: [{ text: openai/test-model, api_key: sk-test }]
`,
  });
  const api = await startFormation(dir, { now: () => 1_800_000_000_000 });
  return { ...api, models, port: api.runtime.port };
};

/** Who reads a request: `TE` says nothing to anybody here, but is not for a plain reader. */
const ways = [
  { way: "read plainly", mark: [], date: /\r\ndate: / },
  { way: "read by Node's server", mark: ["TE: trailers"], date: /\r\nDate: / },
] as const;

interface Sent {
  method?: string;
  path: string;
  body?: string;
  lines?: readonly string[];
}

const requestText = ({ method, path, body, lines = [] }: Sent, mark: readonly string[]): string => {
  const bytes = body === undefined ? "" : Buffer.from(body).toString("latin1");
  const content = [
    "Content-Type: application/json",
    `Content-Length: ${bytes.length}`,
    "X-Muxi-Client-Key: fmc_test",
  ];
  return [
    `${method ?? (body === undefined ? "GET" : "POST")} ${path} HTTP/1.1`,
    ...["Host: localhost", ...(body === undefined ? [] : content), ...lines, ...mark],
    ...["", bytes],
  ].join("\r\n");
};

interface Read {
  status: string;
  /** By their names in lower case, in the order of these. */
  headers: Record<string, string>;
  body: string;
}

/** The first answer in what was received, with a length or in chunks; undefined while it is not whole. */
const readAnswer = (received: string): (Read & { rest: string }) | undefined => {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const [status = "", ...lines] = received.slice(0, headEnd).split("\r\n");
  const headers = Object.fromEntries(
    lines
      .map((line): [string, string] => [
        line.slice(0, line.indexOf(":")).toLowerCase(),
        line.slice(line.indexOf(":") + 2),
      ])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  const text = (latin1: string) => Buffer.from(latin1, "latin1").toString("utf8");
  let at = headEnd + 4;
  if (headers["transfer-encoding"] === undefined) {
    const end = at + Number(headers["content-length"]);
    if (received.length < end) return undefined;
    return { status, headers, body: text(received.slice(at, end)), rest: received.slice(end) };
  }
  let body = "";
  for (;;) {
    const lineEnd = received.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(received.slice(at, lineEnd), 16);
    const end = lineEnd + 2 + size;
    if (received.length < end + 2) return undefined;
    if (received.slice(end, end + 2) !== "\r\n") throw new Error(`a chunk that does not end: ${size}`);
    body += received.slice(lineEnd + 2, end);
    at = end + 2;
    if (size === 0) return { status, headers, body: text(body), rest: received.slice(at) };
  }
};

/** Reads the answers that come on a wire, one after the other. */
const answersOf = (wire: Wire) => {
  let read = 0;
  return async (): Promise<Read> => {
    let answer: ReturnType<typeof readAnswer>;
    let length = -1;
    await until("a whole response is here", () => {
      if (wire.received.length !== length) answer = readAnswer(wire.received.slice(read));
      length = wire.received.length;
      return answer !== undefined || wire.over;
    });
    if (!answer)
      throw new Error(`no whole answer, but ${JSON.stringify(wire.received.slice(read, read + 1000))}`);
    read = wire.received.length - answer.rest.length;
    const { rest: _, ...found } = answer;
    return found;
  };
};

const ping = (id: string): Sent => ({
  path: "/mcp",
  body: JSON.stringify({ jsonrpc: "2.0", id, method: "ping" }),
});
const pong = (id: string): string =>
  `event: message\ndata: ${JSON.stringify({ result: {}, jsonrpc: "2.0", id })}\n\n`;

const frames = (body: string): { id: number; text: string }[] =>
  body
    .split("\n\n")
    .filter((block) => block.startsWith("id: "))
    .map((block) => {
      const data: unknown = JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? "null");
      const isText = typeof data === "object" && data !== null && "type" in data && data.type === "text";
      return {
        id: Number(/^id: (\d+)$/m.exec(block)?.[1]),
        text: isText && "text" in data && typeof data.text === "string" ? data.text : "",
      };
    });

const chat = (session: string): Sent => ({
  path: "/v1/chat",
  body: JSON.stringify({ message: "Hello", session_id: session }),
});

test("an answer is the same whoever has read the request, and a connection carries one after the other", async () => {
  const { port } = await start();
  const ann = ["X-Muxi-Client-Key: fmc_test", "X-Muxi-User-ID: ann"];
  const requests: Sent[] = [
    { path: "/v1/health" },
    { path: "/" },
    { path: "/v1/agents" },
    { path: "/v1/nothing?a=%20b" },
    { method: "PATCH", path: "/v1/secrets" },
    { path: "/v1/sessions", lines: [...ann, "Origin: https://page.example"] },
    { path: "/v1/chat", body: "not json" },
    { path: "/v1/chat", body: "{}" },
    { path: "/v1/chat", body: '{"message":"a","__proto__":{}}' },
    { path: "/v1/chat", body: '{"message":"a","__\\u0070rot\\u006F_\\u005f":{}}' },
    { method: "POST", path: "/v1/chat", lines: ["X-Muxi-Client-Key: fmc_test"] },
    { method: "DELETE", path: "/v1/requests/req_none", lines: ann },
    ping("gr\u00fc\u00dfe \u{1f34e}"),
    { path: "/mcp", body: '{"jsonrpc":"2.0","method":"notifications/initialized"}' },
  ];
  const [plain, node] = await Promise.all(
    ways.map(async ({ mark, date }) => {
      const wire = openWire(port);
      const next = answersOf(wire);
      const answers: Read[] = [];
      for (const { lines = [], ...request } of requests) {
        wire.send(requestText({ ...request, lines: ["X-Muxi-Request-ID: req_fixed", ...lines] }, mark));
        const { status, headers, body } = await next();
        const { date: _, ...rest } = headers;
        // Nothing may be said as a length or as no chunk.
        if (body === "") {
          delete rest["content-length"];
          delete rest["transfer-encoding"];
        }
        answers.push({ status, headers: rest, body });
      }
      expect(wire.received).toMatch(date);
      return answers;
    }),
  );
  expect(plain).toEqual(node);
  expect(plain?.map(({ status }) => status.split(" ")[1])).toEqual([
    "200",
    "200",
    "401",
    "404",
    "405",
    "200",
    "400",
    "422",
    "400",
    "400",
    "422",
    "404",
    "200",
    "202",
  ]);
});

describe.each(ways)("requests $way", ({ mark, date }) => {
  test("come whole wherever their bytes are cut, and so do their answers", async () => {
    const { port } = await start();
    const id = "gr\u00fc\u00dfe \u{1f34e} \u4e16";
    const text = requestText(ping(id), mark);
    const wire = openWire(port);
    const next = answersOf(wire);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(text.length - 1), { maxLength: 6 }), async (cuts) => {
        await sendCut(wire, text, cuts);
        expect((await next()).body).toBe(pong(id));
      }),
      { numRuns: 40 },
    );
    expect(wire.received).toMatch(date);
  });

  test("that do not wait for answers are answered in their order", async () => {
    const { port } = await start();
    const text = ["1", "2", "3"].map((id) => requestText(ping(id), mark)).join("");
    for (const cuts of [[], [text.length / 3], [text.length / 3 + 20], [20, text.length - 3]]) {
      const wire = openWire(port);
      const next = answersOf(wire);
      await sendCut(wire, text, cuts);
      for (const id of ["1", "2", "3"]) expect((await next()).body).toBe(pong(id));
    }
  });

  test.each([65_535, 65_536, 65_537, 200_000])("may have %i bytes", async (size) => {
    const { port } = await start();
    const wire = openWire(port);
    const next = answersOf(wire);
    const id = "x".repeat(size - Buffer.byteLength(ping("").body ?? ""));
    const text = requestText(ping(id), mark);
    expect(text).toContain(`Content-Length: ${size}\r\n`);
    for (const cuts of [[], [200], [size]]) {
      await sendCut(wire, text, cuts);
      expect((await next()).body === pong(id)).toBe(true);
    }
  });

  test("get a stream whole, however slowly it is read, and the connection carries the next", async () => {
    const { port, models } = await start();
    // As many bytes as no socket buffers, in as few characters as an answer may have.
    const text = Array.from({ length: 4_500 }, (_, index) => `t\u00f6ken ${index} ${"\u6728".repeat(800)}`);
    models.reply({ text });
    const wire = openWire(port);
    const next = answersOf(wire);
    wire.socket.pause();
    wire.send(requestText(chat("s1"), mark));
    await (await models.request(0)).over;
    wire.socket.resume();
    const { headers, body } = await next();
    expect(headers).toMatchObject({ "content-type": "text/event-stream; charset=utf-8" });
    const all = frames(body);
    expect(all.map((frame) => frame.id)).toEqual(all.map((_, index) => index + 1));
    expect(all.map((frame) => frame.text).join("") === text.join("")).toBe(true);
    expect(wire.received).toMatch(date);

    wire.send(requestText(ping("after"), mark));
    expect((await next()).body).toBe(pong("after"));
  });

  test("of a caller that leaves in the middle disturb nobody", async () => {
    const { port, models } = await start();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    models.defaultReply = { text: ["Hel", "lo"], pause: { after: 2, until: held } };
    for (const leave of ["destroy", "resetAndDestroy", "end"] as const) {
      const wire = openWire(port);
      wire.send(requestText(chat(leave), mark));
      await wire.receives(/Hel/);
      wire.socket[leave]();
    }
    const other = openWire(port);
    const next = answersOf(other);
    other.send(requestText(ping("other"), mark));
    expect((await next()).body).toBe(pong("other"));
    // Their answers go on: the session will have them.
    release();
    const requests = await Promise.all([0, 1, 2].map((index) => models.request(index)));
    expect(await Promise.all(requests.map(({ over }) => over))).toEqual(["sent", "sent", "sent"]);
  });

  test("that are under way when the formation closes are answered, and their connections end", async () => {
    const { port, models, runtime } = await start();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    models.reply({ text: ["Hel", "lo"], pause: { after: 2, until: held } });
    const [idle, streaming, half, silent] = [openWire(port), openWire(port), openWire(port), openWire(port)];
    idle.send(requestText(ping("idle"), mark));
    await idle.receives(/result/);
    const readHalf = answersOf(half);
    const text = requestText(ping("half"), mark);
    half.send(requestText(ping("before"), mark));
    expect((await readHalf()).body).toBe(pong("before"));
    half.send(text.slice(0, 20));
    streaming.send(requestText(chat("s1"), mark));
    await streaming.receives(/Hel/);

    const closing = runtime.close(20_000);
    await Promise.all([idle.ends(), silent.ends()]);
    for (const wire of [idle, silent]) wire.socket.end();
    expect([streaming.over, half.over]).toEqual([false, false]);
    half.send(text.slice(20));
    const last = await readHalf();
    expect(last).toMatchObject({ body: pong("half"), headers: { connection: "close" } });
    await half.ends();
    half.socket.end();
    release();
    const { body } = await answersOf(streaming)();
    expect(
      frames(body)
        .map((frame) => frame.text)
        .join(""),
    ).toBe("Hello");
    await streaming.ends();
    streaming.socket.end();
    await closing;
    const late = openWire(port);
    expect(await late.ends()).toBe("");
  });
});

test.each([
  ["a line feed in place of a line's end", "X-A:\nContent-Length: 5"],
  ["a carriage return before it", "Content-Length: 0\r"],
  ["a blank that is none", "Content-Length: \v5"],
])("no request hides in %s", async (_what, line) => {
  const { port } = await start();
  const wire = openWire(port);
  wire.send(requestText({ path: "/v1/health" }, []));
  await wire.receives(/"object"/);
  wire.send(requestText({ path: "/v1/health", lines: [line] }, []) + requestText({ path: "/hidden" }, []));
  const received = await wire.ends();
  expect(received).toMatch(/\r\nHTTP\/1\.1 400 |\}HTTP\/1\.1 400 /);
  expect(received.match(/HTTP\/1\.1 /g)).toHaveLength(2);
});
