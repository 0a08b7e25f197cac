// A model server that speaks the OpenAI chat wire and spends next to nothing on it.
//   node bench/fake-model/server.ts <port>
//
// Token n is the text "zq<n> ", so that a client can spot the first one in whatever a server wraps around it. The
// first leaves at once, the others follow `delay` ms apart (0: all at once, each as an event and chunk of its own).
// Asked for JSON by a schema, it answers at once with the facts that a user of the bench states.
// POST /pace?tokens=50&delay=0 sets both for the requests after it. GET /counts tells for how many turns of
// jobs it was asked, and how many facts it has given.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

interface ChatBody {
  stream: boolean;
  includeUsage: boolean;
  /** The answer to a question for facts. */
  facts?: string;
}

const pace = { tokens: 10, delay: 0 };
const counts = { jobs: 0, facts: 0 };
let requests = 0;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

const factsIn = (text: string): string => {
  const facts = [...text.matchAll(/\bMy (favourite \w+) is (the \w+ one)/g)].map(([, what, which]) => ({
    memory: `The user's ${what} is ${which}.`,
    confidence: 0.9,
    importance: 0.5,
    collection: "preferences",
    replaces: null,
  }));
  counts.facts += facts.length;
  return JSON.stringify({ facts });
};

const parseBody = (text: string): ChatBody => {
  const body: unknown = JSON.parse(text);
  if (!isRecord(body)) throw new Error("the body is not an object");
  const { stream, stream_options: options, response_format: format } = body;
  if (format === undefined && text.includes("Job number ")) counts.jobs += 1;
  const includeUsage = isRecord(options) && options.include_usage === true;
  return { stream: stream === true, includeUsage, ...(format !== undefined && { facts: factsIn(text) }) };
};

const sendJson = (response: ServerResponse, status: number, value: unknown): void => {
  const text = JSON.stringify(value);
  response
    .writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) })
    .end(text);
};

const usageFor = (tokens: number) => ({
  prompt_tokens: 10,
  completion_tokens: tokens,
  total_tokens: tokens + 10,
});

const common = (object: string) => ({
  id: `chatcmpl-${++requests}`,
  object,
  created: 1_700_000_000,
  model: "fake",
});

const sendWhole = (response: ServerResponse): void => {
  const { tokens, delay } = pace;
  const content = Array.from({ length: tokens }, (_, token) => `zq${token} `).join("");
  const answer = {
    ...common("chat.completion"),
    choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
    usage: usageFor(tokens),
  };
  setTimeout(() => sendJson(response, 200, answer), delay * tokens);
};

const sendStream = (response: ServerResponse, { includeUsage, facts }: ChatBody): void => {
  const { tokens, delay } = facts === undefined ? pace : { tokens: 0, delay: 0 };
  const fields = common("chat.completion.chunk");
  const chunk = (part: object) => `data: ${JSON.stringify({ ...fields, ...part })}\n\n`;
  // Written once and cut at the token, so that a token costs no JSON.
  const [before = "", after = ""] = chunk({
    choices: [{ index: 0, delta: { content: "TOKEN" }, finish_reason: null }],
  }).split("TOKEN");
  const usage = includeUsage ? chunk({ choices: [], usage: usageFor(tokens) }) : "";
  const last = `${chunk({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] })}${usage}data: [DONE]\n\n`;
  const sendToken = (token: number) => response.write(`${before}zq${token} ${after}`);

  const { socket } = response;
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
  });
  socket?.setNoDelay(true);
  // The socket is corked and not the response: each event stays an HTTP chunk of its own.
  socket?.cork();
  response.write(
    chunk({ choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }] }),
  );
  if (delay === 0) {
    if (facts !== undefined) {
      response.write(chunk({ choices: [{ index: 0, delta: { content: facts }, finish_reason: null }] }));
    }
    for (let token = 0; token < tokens; token++) sendToken(token);
    response.end(last);
  } else {
    let token = 0;
    sendToken(token++);
    const timer = setInterval(() => {
      if (token < tokens) {
        sendToken(token++);
      } else {
        clearInterval(timer);
        response.end(last);
      }
    }, delay);
    response.on("close", () => clearInterval(timer));
  }
  socket?.uncork();
};

const setPace = (query: URLSearchParams, response: ServerResponse): void => {
  pace.tokens = Number(query.get("tokens"));
  pace.delay = Number(query.get("delay"));
  sendJson(response, 200, pace);
};

const answer = (request: IncomingMessage, text: string, response: ServerResponse): void => {
  const url = new URL(request.url ?? "/", "http://localhost");
  const call = `${request.method} ${url.pathname}`;
  if (call === "GET /health") sendJson(response, 200, { ok: true });
  else if (call === "GET /counts") sendJson(response, 200, counts);
  else if (call === "POST /pace") setPace(url.searchParams, response);
  else if (call !== "POST /v1/chat/completions") {
    sendJson(response, 404, { error: { message: `there is no ${call}` } });
  } else {
    const body = parseBody(text);
    if (body.stream) sendStream(response, body);
    else sendWhole(response);
  }
};

const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on("data", (piece: Buffer) => pieces.push(piece));
  request.on("end", () => {
    try {
      answer(request, Buffer.concat(pieces).toString(), response);
    } catch (error) {
      sendJson(response, 400, { error: { message: String(error) } });
    }
  });
});
server.keepAliveTimeout = 120_000;
server.requestTimeout = 0;
server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
