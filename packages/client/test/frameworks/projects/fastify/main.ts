import fastify from "fastify";
import { ask } from "./ask.ts";

const app = fastify();

interface Chat {
  Body: { message: string };
  Headers: { "x-key": string; "x-user": string };
}

app.post<Chat>("/chat", async (request, reply) => {
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  const { "x-key": key, "x-user": user } = request.headers;
  const headers = new Headers({ "x-key": key, "x-user": user });
  const stream = ask(headers, request.body.message, gone.signal);
  await stream.opened;
  return reply.send(stream.toResponse());
});

await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
