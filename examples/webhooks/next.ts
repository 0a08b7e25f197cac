/** Receives webhooks with Next.js: put it at `app/webhooks/muxi/route.ts`. */
import { receive, WebhookVerificationError } from "muxi-client/webhook";

export const POST = async (request: Request): Promise<Response> => {
  try {
    const event = await receive(request, { secret: process.env.MUXI_WEBHOOK_SECRET ?? "" });
    console.log(`${event.requestId} is ${event.status}: ${event.content[0]?.text}`);
    return new Response(null, { status: 204 });
  } catch (error) {
    if (error instanceof WebhookVerificationError) return new Response(null, { status: 400 });
    throw error;
  }
};
