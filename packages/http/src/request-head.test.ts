import { expect, it } from "vitest";
import { readPlainHead } from "./request-head.ts";

const head = (...lines: string[]): string =>
  ["POST /api/bot/v1/chat?a=%2F HTTP/1.1", "Host: muxi.example", ...lines].join("\r\n");

it("reads what clients commonly send", () => {
  expect(
    readPlainHead(head("Connection: Keep-Alive", "Content-Length:  12 ", "X-Empty:", "x-a: b: c")),
  ).toEqual({
    method: "POST",
    url: "/api/bot/v1/chat?a=%2F",
    rawHeaders: [
      ...["Host", "muxi.example", "Connection", "Keep-Alive", "Content-Length", "12"],
      ...["X-Empty", "", "x-a", "b: c"],
    ],
    contentLength: 12,
  });
  expect(readPlainHead(head())?.contentLength).toBe(0);
});

it.each([
  ["another length", head("Content-Length: 1", "Content-Length: 2")],
  ["the same length again", head("Content-Length: 1", "content-length: 1")],
  ["a list of lengths", head("Content-Length: 1, 1")],
  ["a signed length", head("Content-Length: +1")],
  ["a length in hexadecimal", head("Content-Length: 0x1")],
  ["an empty length", head("Content-Length:")],
  ["chunks", head("Transfer-Encoding: chunked")],
  ["chunks and a length", head("Content-Length: 1", "Transfer-Encoding: chunked")],
  ["chunks in disguise", head("Transfer-Encoding : chunked")],
  ["a folded header", head("X-A: b", " Content-Length: 1")],
  ["a line feed alone", head("X-A: b\nContent-Length: 1")],
  ["a carriage return alone", head("X-A: b\rContent-Length: 1")],
  ["a header behind a line feed alone", head("X-A:\nContent-Length: 1")],
  ["a carriage return before the end of the line", head("Content-Length: 1\r")],
  ["a length behind a blank that is none", head("Content-Length: \v1")],
  ["a length before a blank that is none", head("Content-Length: 1\u00a0")],
  ["a NUL", head("X-A: b\0")],
  ["bytes beyond ASCII", head("X-A: \u00fc")],
  ["a line without a colon", head("X-A")],
  ["a header without a name", head(": b")],
  ["a name with a blank", head("X A: b")],
  ["two hosts", head("Host: other.example")],
  ["no host", "GET /api/bot HTTP/1.1\r\nX-A: b"],
  ["what the connection is to become", head("Connection: close")],
  ["headers of the connection", head("Connection: keep-alive, X-A", "X-A: b")],
  ["a wait for 100 Continue", head("Expect: 100-continue")],
  ["an upgrade", head("Upgrade: websocket")],
  ["HTTP/1.0", "GET /api/bot HTTP/1.0\r\nHost: x"],
  ["a whole address", "GET http://x/api/bot HTTP/1.1\r\nHost: x"],
  ["a blank in the path", "GET /api/bot/a b HTTP/1.1\r\nHost: x"],
  ["HEAD, whose answers have no body", "HEAD /api/bot HTTP/1.1\r\nHost: x"],
])("leaves to Node: %s", (_what, text) => {
  expect(readPlainHead(text)).toBeUndefined();
});
