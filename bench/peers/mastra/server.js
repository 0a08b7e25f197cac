// Mastra as its documentation sets it up: one agent with the last 10 messages, threads in a LibSQL file, its Hono
// adapter in front.
//   node bench/peers/mastra/server.js <port> <port of the fake model> <database file>
import { serve } from "@hono/node-server";
import { Mastra } from "@mastra/core";
import { Agent } from "@mastra/core/agent";
import { MastraServer } from "@mastra/hono";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { Hono } from "hono";

const [, , port, modelPort, file] = process.argv;

const helper = new Agent({
  id: "helper",
  name: "helper",
  instructions: "You are a helper.",
  model: { id: "fake/fake", url: `http://127.0.0.1:${modelPort}/v1`, apiKey: "none" },
  memory: new Memory({ options: { lastMessages: 10 } }),
});
const mastra = new Mastra({
  agents: { helper },
  storage: new LibSQLStore({ id: "main", url: `file:${file}` }),
});

const app = new Hono();
app.get("/health", (context) => context.text("ok"));
await new MastraServer({ app, mastra, prefix: "/api" }).init();
serve({ fetch: app.fetch, port: Number(port), hostname: "127.0.0.1" });
