import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { ask } from "./ask.ts";

const app = new Hono();

app.post("/chat", async ({ req }) => {
  const { message } = await req.json();
  const stream = ask(req.raw.headers, message, req.raw.signal);
  await stream.opened;
  return stream.toResponse();
});

serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: "127.0.0.1" });
