import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { chatCorpus } from "./corpus.ts";

/** Answers a POST with a chat of as many events as its first argument says, ten to a packet, and a GET with JSON. */
const events = Number(process.argv[2]);
const { frames } = chatCorpus(events);
const packets = Array.from({ length: Math.ceil(events / 10) }, (_, index) =>
  Buffer.from(frames.slice(index * 10, index * 10 + 10).join("")),
);
const json = JSON.stringify({
  object: "status",
  timestamp: 1_700_000_000_000,
  request: { id: "req_1", idempotency_key: null },
  success: true,
  error: null,
  data: { id: "m", status: "running", note: "x".repeat(160) },
});

const server = createServer((request, response) => {
  request.resume();
  if (request.method === "GET") {
    response.writeHead(200, { "content-type": "application/json" }).end(json);
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  let next = 0;
  const write = () => {
    for (let packet = packets[next++]; packet !== undefined; packet = packets[next++]) {
      if (!response.write(packet)) {
        response.once("drain", write);
        return;
      }
    }
    response.end();
  };
  write();
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.once("disconnect", () => process.exit());
