// VoltAgent as its documentation sets it up: one agent whose conversations are in a LibSQL file, its Hono server.
//   node bench/peers/voltagent/server.js <port> <port of the fake model> <database file>
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { Agent, Memory, VoltAgent } from "@voltagent/core";
import { LibSQLMemoryAdapter } from "@voltagent/libsql";
import { createPinoLogger } from "@voltagent/logger";
import { honoServer } from "@voltagent/server-hono";

const [, , port, modelPort, file] = process.argv;

const provider = createOpenAICompatible({
  name: "fake",
  baseURL: `http://127.0.0.1:${modelPort}/v1`,
  apiKey: "none",
});
const helper = new Agent({
  id: "helper",
  name: "helper",
  instructions: "You are a helper.",
  model: provider("fake"),
  memory: new Memory({ storage: new LibSQLMemoryAdapter({ url: `file:${file}` }) }),
});
new VoltAgent({
  agents: { helper },
  logger: createPinoLogger({ name: "bench", level: "warn" }),
  server: honoServer({ port: Number(port), hostname: "127.0.0.1", enableSwaggerUI: false }),
});
