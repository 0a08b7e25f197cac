// What stands behind the proxies: answers chats in the frames of a formation and spends next to nothing on it.
//   node bench/proxy/upstream.ts <port>
//
// Or, with PORT and CORE in the environment, preloaded into the process that MUXI's server starts for a formation
// (--import): it takes that process's place, because it never ends, and moves it to the core of the load.
//
// It works on sockets, since node:http would take more time than a fast proxy. Token n is the text "zq<n> "; the first
// leaves at once, the others `delay` ms apart (0: all in one packet, each an event and an HTTP chunk of its own).
// POST /pace?tokens=50&delay=0 sets both for the requests after it.
import { execFileSync } from "node:child_process";
import { createServer, type Socket } from "node:net";

const pace = { tokens: 10, delay: 0 };

const chunkOf = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

let seq = 0;
const frame = (type: string, fields: Record<string, unknown>): string =>
  chunkOf(`id: ${++seq}\nevent: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`);

const ids = { session_id: "sess_UmxMLT4dLmslQE6W8loFk", request_id: "req_DXlcCaDmqgPQUR8BjFtzM" };
const usage = { input_tokens: 51, output_tokens: 40, total_tokens: 91 };
const commonHead = `HTTP/1.1 200 OK\r\nx-muxi-request-id: ${ids.request_id}\r\nDate: Tue, 24 Nov 2026 15:15:20 GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=72\r\n`;
const streamHead = `${commonHead}content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache, no-transform\r\nx-accel-buffering: no\r\nTransfer-Encoding: chunked\r\n\r\n`;
const progress = { ...ids, user_id: "u", stage: "agent_selected", agent_id: "helper", timestamp: 1.5 };
const done = { ...ids, finish_reason: "stop", model: "fake", agent_id: "helper", usage, finished: true };

const tokenOf = (token: number): string => `zq${token} `;

const jsonAnswer = (value: unknown): string => {
  const text = JSON.stringify(value);
  return `${commonHead}content-type: application/json; charset=utf-8\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
};

/** The pieces of a stream: what leaves at once, each further token, the end. */
const streamParts = (): { first: Buffer; tokens: Buffer[]; last: Buffer } => {
  seq = 0;
  const first = streamHead + frame("progress", progress) + frame("text", { text: tokenOf(0) });
  const tokens = Array.from({ length: pace.tokens - 1 }, (_, index) =>
    frame("text", { text: tokenOf(index + 1) }),
  );
  const last = `${frame("done", done)}0\r\n\r\n`;
  return {
    first: Buffer.from(first),
    tokens: tokens.map((text) => Buffer.from(text)),
    last: Buffer.from(last),
  };
};

const wholeAnswer = (): Buffer => {
  const content = Array.from({ length: pace.tokens }, (_, token) => tokenOf(token)).join("");
  return Buffer.from(
    jsonAnswer({
      object: "message",
      type: "chat.completed",
      request: { id: ids.request_id, idempotency_key: null },
      success: true,
      error: null,
      data: { message: { role: "assistant", content, metadata: {} }, user_id: "u", ...ids, usage },
    }),
  );
};

let parts = streamParts();
let whole = wholeAnswer();
let atOnce = Buffer.concat([parts.first, ...parts.tokens, parts.last]);

const setPace = (path: string): void => {
  const query = new URLSearchParams(path.slice(path.indexOf("?")));
  pace.tokens = Number(query.get("tokens"));
  pace.delay = Number(query.get("delay"));
  parts = streamParts();
  whole = wholeAnswer();
  atOnce = Buffer.concat([parts.first, ...parts.tokens, parts.last]);
};

const stream = (socket: Socket): void => {
  if (pace.delay === 0) {
    socket.write(atOnce);
    return;
  }
  const { first, tokens, last } = parts;
  let next = 0;
  socket.write(first);
  const stop = () => clearInterval(timer);
  const timer = setInterval(() => {
    const token = tokens[next++];
    socket.write(token ?? last);
    if (token) return;
    stop();
    socket.off("close", stop);
  }, pace.delay);
  socket.on("close", stop);
};

const answer = (socket: Socket, head: string, body: string): void => {
  const [method, path = "/"] = head.split(" ", 2);
  if (method === "POST" && path.startsWith("/v1/chat")) {
    if (body.includes('"stream":false')) socket.write(whole);
    else stream(socket);
    return;
  }
  if (path.startsWith("/pace")) setPace(path);
  socket.write(jsonAnswer(pace));
};

const contentLength = /\r\ncontent-length: *(\d+)/i;

const server = createServer({ noDelay: true }, (socket) => {
  let held = "";
  socket.on("data", (piece) => {
    held += piece.toString("latin1");
    for (;;) {
      const headEnd = held.indexOf("\r\n\r\n");
      if (headEnd < 0) return;
      const head = held.slice(0, headEnd);
      const end = headEnd + 4 + Number(contentLength.exec(head)?.[1] ?? 0);
      if (held.length < end) return;
      const body = held.slice(headEnd + 4, end);
      held = held.slice(end);
      answer(socket, head, body);
    }
  });
  // A client that is gone takes its stream along.
  socket.on("error", () => socket.destroy());
});

const { PORT = process.argv[2], CORE } = process.env;
if (CORE !== undefined) execFileSync("taskset", ["-apc", CORE, String(process.pid)], { stdio: "ignore" });
process.on("disconnect", () => process.exit(0));
server.listen({ port: Number(PORT), host: "127.0.0.1", backlog: 4096 }, () =>
  process.send?.({ type: "ready" }),
);

// The program that it was preloaded into is never reached.
await new Promise(() => undefined);
