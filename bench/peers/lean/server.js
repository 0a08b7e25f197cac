// What plain Node can do with sessions stored: node:http in and out, each token parsed and sent on as an event with
// an id, the last 10 messages read and both new ones written. Not a product: the limit to hold figures against.
// JavaScript, because removing types at the start would cost 17 MB.
//   node bench/peers/lean/server.js <port> <port of the fake model> <database file or postgresql://...>
import { Agent, createServer, request as httpRequest } from "node:http";

const [, , port, modelPort, place = ":memory:"] = process.argv;
const store = place.startsWith("postgresql:")
  ? await (await import("./postgres.js")).openPostgres(place)
  : await (await import("./sqlite.js")).openSqlite(place);

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, maxFreeSockets: 2048 });

const answer = (body, past, response) => {
  const payload = JSON.stringify({
    model: "fake",
    stream: true,
    messages: [
      { role: "system", content: "You are a helper." },
      ...past.map(({ role, body: content }) => ({ role, content })),
      { role: "user", content: body.message },
    ],
  });
  let text = "";
  let rest = "";
  let id = 0;
  if (body.stream) {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    response.socket?.setNoDelay(true);
  }

  const read = (piece) => {
    const events = (rest + piece).split("\n\n");
    rest = events.pop() ?? "";
    let frames = "";
    for (const event of events) {
      if (event === "data: [DONE]") continue;
      const chunk = JSON.parse(event.slice("data: ".length));
      const delta = chunk.choices[0]?.delta?.content;
      if (!delta) continue;
      text += delta;
      if (body.stream) frames += `id: ${++id}\ndata: ${JSON.stringify({ type: "text", delta })}\n\n`;
    }
    if (frames !== "") response.write(frames);
  };

  const call = httpRequest(
    {
      host: "127.0.0.1",
      port: modelPort,
      path: "/v1/chat/completions",
      method: "POST",
      agent,
      headers: { "content-type": "application/json", "content-length": Buffer.byteLength(payload) },
    },
    (incoming) => {
      incoming.setEncoding("utf8");
      incoming.on("data", read);
      incoming.on("end", () => {
        const done = () => response.end(body.stream ? "event: done\ndata: {}\n\n" : JSON.stringify({ text }));
        store.keep({ ...body, text, seq: Number(past.at(-1)?.seq ?? 0), at: Date.now(), done });
      });
    },
  );
  call.on("error", () => response.destroy());
  response.on("close", () => {
    if (!response.writableFinished) call.destroy();
  });
  call.end(payload);
};

createServer((request, response) => {
  if (request.url === "/health") {
    response.end("ok");
    return;
  }
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    const body = JSON.parse(Buffer.concat(pieces).toString());
    store.past(body.session, (past) => answer(body, past, response));
  });
}).listen({ port: Number(port), host: "127.0.0.1", backlog: 4096 });
