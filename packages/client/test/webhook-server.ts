/** Serves one of the webhook examples on a free port and says which: `node webhook-server.ts express`. */
import { createServer, type RequestListener } from "node:http";

/** Serves a function of web standard requests, as the platforms of Hono and Next.js do. */
const standard =
  (handle: (request: Request) => Response | Promise<Response>): RequestListener =>
  async (message, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of message) pieces.push(piece);
    const headers = new Headers();
    for (const [name, value = []] of Object.entries(message.headers)) headers.append(name, String(value));
    const init = { method: message.method ?? "", headers, body: Buffer.concat(pieces) };
    const { status } = await handle(new Request(`http://${message.headers.host}${message.url}`, init));
    response.writeHead(status).end();
  };

const examples: Record<string, () => Promise<RequestListener>> = {
  async express() {
    return (await import("../../../examples/webhooks/express.ts")).app;
  },
  async fastify() {
    const { app } = await import("../../../examples/webhooks/fastify.ts");
    await app.ready();
    return app.routing;
  },
  async hono() {
    return standard((await import("../../../examples/webhooks/hono.ts")).default.fetch);
  },
  async next() {
    return standard((await import("../../../examples/webhooks/next.ts")).POST);
  },
};

const server = createServer(await examples[process.argv[2] ?? ""]?.());
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify(server.address())));
