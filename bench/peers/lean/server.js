// What plain Node can do with sessions stored: node:http in and out, each token parsed and sent on as an event with
// an id, the last 10 messages read and both new ones written to SQLite, without a wait for the disk. Not a product:
// the limit to hold figures against. JavaScript, because removing types at the start would cost 17 MB.
//   node bench/peers/lean/server.js <port> <port of the fake model> <database file>
import { Agent, createServer, request as httpRequest } from "node:http";
import { DatabaseSync } from "node:sqlite";

const [, , port, modelPort, file = ":memory:"] = process.argv;

const db = new DatabaseSync(file);
db.exec(`pragma journal_mode=wal; pragma synchronous=normal;
  create table if not exists session(id text primary key, user_id text, at integer) without rowid;
  create table if not exists message(session_id text, seq integer, role text, body text, at integer,
    primary key(session_id, seq)) without rowid`);
const addSession = db.prepare("insert into session values(?,?,?) on conflict do nothing");
const lastMessages = db.prepare(
  "select seq, role, body from message where session_id=? order by seq desc limit 10",
);
const addMessage = db.prepare("insert into message values(?,?,?,?,?)");

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, maxFreeSockets: 2048 });

let waiting = [];

/** Turns that end in the same tick share a transaction. */
const store = () => {
  const turns = waiting;
  waiting = [];
  db.exec("begin");
  for (const { session, user, seq, message, text, at } of turns) {
    addSession.run(session, user, at);
    addMessage.run(session, seq + 1, "user", message, at);
    addMessage.run(session, seq + 2, "assistant", text, at);
  }
  db.exec("commit");
  for (const turn of turns) turn.done();
};

const keep = (turn) => {
  if (waiting.push(turn) === 1) setImmediate(store);
};

const chat = (body, response) => {
  const past = lastMessages.all(body.session).reverse();
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
    (answer) => {
      answer.setEncoding("utf8");
      answer.on("data", read);
      answer.on("end", () => {
        const done = () => response.end(body.stream ? "event: done\ndata: {}\n\n" : JSON.stringify({ text }));
        keep({ ...body, text, seq: Number(past.at(-1)?.seq ?? 0), at: Date.now(), done });
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
    chat(body, response);
  });
}).listen({ port: Number(port), host: "127.0.0.1", backlog: 4096 });
