/** Receives webhooks with Hono, on any of its platforms. */
import { Hono } from "hono";
import { receive, WebhookVerificationError } from "muxi-client/webhook";

const app = new Hono();

app.post("/webhooks/muxi", async (context) => {
  const event = await receive(context.req.raw, { secret: process.env.MUXI_WEBHOOK_SECRET ?? "" });
  console.log(`${event.requestId} is ${event.status}: ${event.content[0]?.text}`);
  return context.body(null, 204);
});

app.onError((error, context) => {
  if (error instanceof WebhookVerificationError) return context.body(null, 400);
  throw error;
});

export default app;
