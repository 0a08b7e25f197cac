/** Receives webhooks with Fastify: `MUXI_WEBHOOK_SECRET=… node examples/webhooks/fastify.ts`. */
import fastify from "fastify";
import { parse, verifySignature } from "muxi-client/webhook";

export const app = fastify();

// The raw body: the signature is over its bytes.
app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_, body, done) => done(null, body));

app.post<{ Body: Buffer }>("/webhooks/muxi", async ({ headers, body }, reply) => {
  const secret = process.env.MUXI_WEBHOOK_SECRET ?? "";
  const signature = headers["x-muxi-signature"];
  if (typeof signature !== "string" || !(await verifySignature(body, signature, secret))) {
    return reply.code(400).send();
  }
  const event = parse(body);
  console.log(`${event.requestId} is ${event.status}: ${event.content[0]?.text}`);
  return reply.code(204).send();
});

if (import.meta.main) await app.listen({ port: 3000 });
