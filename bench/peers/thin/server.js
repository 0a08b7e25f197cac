// One route over Hono and the AI SDK: no sessions, nothing stored. JavaScript, because its packages are only there
// after `npm run bench -- --with-peers`.
//   node bench/peers/thin/server.js <port> <port of the fake model>
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { serve } from "@hono/node-server";
import { generateText, streamText } from "ai";
import { Hono } from "hono";

const [, , port, modelPort] = process.argv;
const provider = createOpenAICompatible({
  name: "fake",
  apiKey: "none",
  baseURL: `http://127.0.0.1:${modelPort}/v1`,
});
const model = provider("fake");
const system = "You are a helper.";

const app = new Hono();
app.get("/health", (context) => context.text("ok"));
app.post("/chat", async (context) => {
  const { message, stream } = await context.req.json();
  if (!stream) {
    const { text } = await generateText({ model, system, prompt: message });
    return context.json({ text });
  }
  const abortSignal = context.req.raw.signal;
  return streamText({ model, system, prompt: message, abortSignal }).toUIMessageStreamResponse();
});
serve({ fetch: app.fetch, port: Number(port), hostname: "127.0.0.1" });
