/** Receives webhooks with Express: `MUXI_WEBHOOK_SECRET=… node examples/webhooks/express.ts`. */
import express from "express";
import { parse, verifySignature } from "muxi-client/webhook";

export const app = express();

// The raw body: the signature is over its bytes.
app.post("/webhooks/muxi", express.raw({ type: "application/json" }), async (request, response) => {
  const secret = process.env.MUXI_WEBHOOK_SECRET ?? "";
  if (!(await verifySignature(request.body, request.get("x-muxi-signature"), secret))) {
    response.sendStatus(400);
    return;
  }
  const event = parse(request.body);
  console.log(`${event.requestId} is ${event.status}: ${event.content[0]?.text}`);
  response.sendStatus(204);
});

if (import.meta.main) app.listen(3000);
