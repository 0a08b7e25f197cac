import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { EventLog } from "../events/index.ts";
import { streamEvents } from "./sse.ts";

const progress = { type: "progress", session_id: "s", request_id: "r", timestamp: 1 } as const;
const error = { type: "error", code: "LLM_ERROR", message: "No", error: "No" } as const;

/** A log that is streamed over HTTP to a reader who does not read until told to. */
const open = async (log: EventLog, after = 0) => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.pause();
  socket.write("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  const [, response] = (await once(server, "request")) as [unknown, ServerResponse];
  streamEvents(response, log, after, () => {});
  const readAll = async () => {
    let text = "";
    for await (const bytes of socket) text += bytes;
    return text;
  };
  return { response, readAll };
};

/** Ids of the frames in a body that came in chunks, each of which may begin and end within a frame. */
const idsIn = (received: string) =>
  [...received.replaceAll(/\r\n[0-9a-f]+\r\n/g, "").matchAll(/(?:^|\n)id: (\d+)\n/g)].map(([, id]) =>
    Number(id),
  );

const megabytes = 2 ** 20;

test("a reader who does not read costs no more than a socket's buffer, and misses nothing", async () => {
  const log = new EventLog();
  log.append(progress);
  const { response, readAll } = await open(log);
  let most = 0;
  for (let batch = 0; batch < 1_000; batch += 1) {
    log.appendText(Array(100).fill("A piece of the answer, and some more of it. "));
    most = Math.max(most, response.writableLength);
    // As a model does: pieces come one after the other.
    await new Promise(setImmediate);
  }
  log.end(error);
  expect(log.framesAfter(0).frames.length).toBeGreaterThan(8 * megabytes);
  expect(most).toBeLessThan(megabytes);

  const watching = setInterval(() => {
    most = Math.max(most, response.writableLength);
  });
  const received = await readAll();
  clearInterval(watching);
  expect(most).toBeLessThan(megabytes);
  expect(idsIn(received)).toEqual(Array.from({ length: log.lastSeq }, (_, index) => index + 1));
});

test("nor does one who asks for a long answer of the past", async () => {
  const log = new EventLog();
  log.append(progress);
  log.appendText(Array(100_000).fill("A piece of the answer, and some more of it. "));
  log.end(error);
  const { response, readAll } = await open(log);
  expect(response.writableLength).toBeLessThan(megabytes);
  expect(idsIn(await readAll())).toHaveLength(log.lastSeq);
});

test.each([1, 7])(
  "a reader whose %i events went down with a process is told how the request ended",
  async (seen) => {
    const log = new EventLog();
    log.end(error);
    const { readAll } = await open(log, seen);
    const received = await readAll();
    expect(received).toContain(`event: error\ndata: ${JSON.stringify(error)}`);
    expect(idsIn(received)).toEqual([seen + 1]);
  },
);
