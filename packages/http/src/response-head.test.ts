import { expect, it } from "vitest";
import { readResponseHead } from "./response-head.ts";

const head = (...lines: string[]): string => ["HTTP/1.1 200 OK", ...lines].join("\r\n");

it("reads the headers, and leaves out those of the connection", () => {
  const response = readResponseHead(
    head(
      "Content-Type:  text/plain ",
      "Set-Cookie: a=1",
      "Set-Cookie: b=\u00c3\u00a0",
      "X-Hop: 1",
      "Connection: X-Hop",
      "Connection: keep-alive",
      "Keep-Alive: timeout=5, max=100",
      "Content-Length: 3",
      "Content-Length: 3",
    ),
    30_000,
  );
  expect(response).toEqual({
    status: 200,
    reason: "OK",
    headers: [
      ["content-type", "text/plain"],
      ["set-cookie", "a=1"],
      ["set-cookie", "b=\u00c3\u00a0"],
      ["content-length", "3"],
      ["content-length", "3"],
    ],
    framing: { kind: "length", left: 3 },
    keepAliveMs: 4_000,
  });
});

it.each([
  ["a length", ["Content-Length: 0"], { kind: "length", left: 0 }],
  ["chunks", ["Transfer-Encoding: Chunked"], { kind: "chunked" }],
  ["its connection", [], { kind: "close" }],
])("sees that a response ends with %s", (_what, lines, framing) => {
  expect(readResponseHead(head(...lines), 1).framing).toMatchObject(framing);
});

it.each(["100 Continue", "204 No Content", "304 Not Modified"])("knows that %s has no body", (status) => {
  expect(readResponseHead(`HTTP/1.1 ${status}\r\nContent-Length: 5`, 1).framing).toEqual({
    kind: "length",
    left: 0,
  });
});

it.each([
  ["does not say how long", head("Content-Length: 1"), 29_000],
  ["says how long", head("Content-Length: 1", "Keep-Alive: timeout=72"), 71_000],
  ["closes it", head("Content-Length: 1", "Connection: Close"), 0],
  ["closes it at the end of the response", head(), 0],
  ["speaks HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1", 0],
])("keeps a connection when the other side %s", (_what, text, milliseconds) => {
  expect(readResponseHead(text, 30_000).keepAliveMs).toBe(milliseconds);
});

it.each([
  ["no HTTP", "hello"],
  ["HTTP/2", "HTTP/2 200 OK"],
  ["a status that is none", "HTTP/1.1 20 OK"],
  ["a header without a colon", head("X-A")],
  ["a header without a name", head(": b")],
  ["a name with a blank", head("X-A : b")],
  ["a folded header", head("X-A: b", " c")],
  ["a line feed alone", head("X-A: b\nX-C: d")],
  ["a header behind a line feed alone", head("X-A:\nX-C: d")],
  ["a carriage return before the end of the line", head("Content-Length: 1\r")],
  ["a length behind a blank that is none", head("Content-Length: \v1")],
  ["a NUL", head("X-A: b\0")],
  ["two lengths", head("Content-Length: 1", "Content-Length: 2")],
  ["a list of lengths", head("Content-Length: 1, 1")],
  ["a signed length", head("Content-Length: +1")],
  ["a length and chunks", head("Content-Length: 1", "Transfer-Encoding: chunked")],
  ["chunks that are not last", head("Transfer-Encoding: chunked, gzip")],
  ["chunks twice", head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked")],
])("refuses %s", (_what, text) => {
  expect(() => readResponseHead(text, 1)).toThrow("The response ");
});

it("never drops the length of a response, whatever Connection names", () => {
  const response = readResponseHead(head("Content-Length: 1", "Connection: content-length"), 1);
  expect(response.headers).toEqual([["content-length", "1"]]);
});
