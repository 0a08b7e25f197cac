import type { ServerResponse } from "node:http";

/** Answers with the formation's envelope around `data`. */
export const sendData = (response: ServerResponse, data: object, status = 200): void => {
  const body = {
    object: "test",
    timestamp: 1_700_000_000_000,
    type: "test.done",
    request: { id: "req_server", idempotency_key: null },
    success: true,
    error: null,
    data,
  };
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};

/** Answers with the formation's error envelope. */
export const sendError = (
  response: ServerResponse,
  status: number,
  code: string,
  headers: Record<string, string> = {},
): void => {
  const body = {
    object: "error",
    timestamp: 1_700_000_000_000,
    type: "error.internal",
    request: { id: "req_server", idempotency_key: null },
    success: false,
    error: { code, message: `It is ${code}`, trace: null },
    data: {},
  };
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
};

/** Begins an event stream as this server does: with the id of the request in a header. */
export const openStream = (response: ServerResponse, headers: Record<string, string> = {}): void => {
  response.writeHead(200, { "content-type": "text/event-stream", ...headers });
  response.flushHeaders();
};

/** One numbered frame of a chat. */
export const frame = (number: number, event: { type: string } & Record<string, unknown>): string =>
  `id: ${number}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

const ids = { session_id: "sess_1", request_id: "req_1" };
export const progress = { type: "progress", ...ids, timestamp: 1_700_000_000 };
export const text = (piece: string) => ({ type: "text", text: piece });
export const done = {
  type: "done",
  ...ids,
  finish_reason: "stop",
  usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
  model: "builtin/extractive",
  agent_id: "hello",
  finished: true,
};

/** The frames of an answer, numbered from 1. */
export const answer = (...pieces: string[]): string[] =>
  [progress, ...pieces.map(text), done].map((event, index) => frame(index + 1, event));

export const citation = {
  id: "cit_1",
  index: 1,
  agent_id: "desk",
  source: "docs",
  document: "docs/visits.pdf",
  title: "Visits",
  heading: "Guided walks",
  page: 2,
  score: 3.5,
  quote: "They begin at ten.",
};
