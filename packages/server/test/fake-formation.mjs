// A formation for tests: speaks just enough of the contract to be started, asked, cut off and killed.
// What it does beyond that stands in `behaviour.json` of its folder.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";

const folder = process.argv[2];
const file = join(folder, "behaviour.json");
const behaviour = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
const { crash, unhealthy = false, ignoreSigterm = false, silent = false, problems = [] } = behaviour;

if (crash) {
  console.error(crash);
  process.exit(3);
}

let open = 0;
const routes = {
  "/v1/health": (_request, response) => response.writeHead(unhealthy ? 500 : 200).end("{}"),
  "/env": (_request, response) => response.end(JSON.stringify(process.env)),
  "/open": (_request, response) => response.end(String(open)),
  "/cookies": (_request, response) =>
    response
      .writeHead(201, [
        ...["Set-Cookie", "a=1", "Set-Cookie", "b=2", "X-Private", "1", "Keep-Alive", "timeout=9"],
        ...["Connection", "keep-alive, X-Private", "Content-Length", "2"],
      ])
      .end("ok"),
  "/redirect": (_request, response) => response.writeHead(302, { location: "/elsewhere" }).end(),
  "/headers-only": (_request, response) =>
    response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders(),
  "/reset": (request) => request.socket.destroy(),
  // Answers the first request of a connection and drops the connection with the second.
  "/once-per-connection": (request, response) => {
    const { socket } = request;
    if (socket.used) socket.destroy();
    else {
      socket.used = true;
      response.end("first");
    }
  },
  "/stream": (_request, response) => {
    open += 1;
    response.writeHead(200, { "content-type": "text/event-stream" });
    let n = 0;
    const timer = setInterval(() => {
      n += 1;
      response.write(`data: ${n}\n\n`);
    }, 5);
    response.on("close", () => {
      open -= 1;
      clearInterval(timer);
    });
  },
  "/hang": (request, response) => {
    request.resume();
    open += 1;
    response.on("close", () => {
      open -= 1;
    });
  },
  "/half": (request, response) => {
    response.writeHead(200, { "content-length": "100" }).write("half");
    setTimeout(() => request.socket.destroy(), 20);
  },
  "/flood": (_request, response) => {
    const block = Buffer.alloc(64 * 1024, "x");
    let sent = 0;
    const more = () => {
      while (sent < 64 * 1024 * 1024) {
        sent += block.length;
        globalThis.flooded = sent;
        if (!response.write(block)) return response.once("drain", more);
      }
      response.end();
    };
    more();
  },
  "/flooded": (_request, response) => response.end(String(globalThis.flooded ?? 0)),
  "/too-large": (_request, response) => response.writeHead(413).end("too large"),
  // Sends the bytes of the query as they are.
  "/raw": ({ socket, url }) => {
    const text = decodeURIComponent(url.split("?")[1]).replace("<long>", "x".repeat(70_000));
    const [bytes, ...later] = text.split("<pause>");
    socket.write(bytes, "latin1");
    if (later.length > 0) setTimeout(() => socket.end(later.join(""), "latin1"), 30);
  },
  // Tells the server what it finds in the query.
  "/tell": ({ url }, response) =>
    process.send(JSON.parse(decodeURIComponent(url.split("?")[1])), () => response.end("told")),
  "/die": () => process.kill(process.pid, "SIGKILL"),
};

const echo = (request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks);
    const { method, url, headers, rawHeaders } = request;
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({
        method,
        url,
        headers,
        rawHeaders,
        size: body.length,
        body: body.toString("latin1", 0, 200),
      }),
    );
  });
};

const server = http.createServer((request, response) =>
  (routes[request.url.split("?")[0]] ?? echo)(request, response),
);
server.listen(Number(process.env.PORT), process.env.HOST, () => {
  console.log("listening");
  writeFileSync(join(folder, "started"), `${process.pid}\n`, { flag: "a" });
  if (!silent) process.send?.({ type: "ready", port: server.address().port });
});
process.on("message", ({ type, id }) => {
  if (type !== "problems") return;
  if (problems === "never told") writeFileSync(join(folder, "asked"), "");
  else process.send({ type, id, problems });
});
process.on("disconnect", () => process.exit(0));
process.on("SIGTERM", () => {
  if (!ignoreSigterm) process.exit(0);
});
