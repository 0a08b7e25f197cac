import { onTestFinished } from "vitest";
import * as z from "zod";
import { keys, manifest, startFormation, writeFormation } from "./harness.ts";
import { type ModelServer, type ReceivedRequest, startModelServer } from "./model-server.ts";

/** A folder of a formation with a real model, and that model's server. */
export const writeLearning = async (memory = "", models = "") => {
  const server = await startModelServer();
  onTestFinished(() => server.close());
  const dir = await writeFormation({
    "formation.afs": `${manifest}
server: { api_keys: { client_key: ${keys.clientKey}, admin_key: ${keys.adminKey} } }
llm:
  settings: { base_url: "${server.url}/v1", max_retries: 0 }
  models: [{ text: openai/test-model, api_key: sk-very-secret }${models}]
memory: { persistent: { ${memory} } }
`,
  });
  return { dir, server };
};

/** The same, running. */
export const startWithModel = async (
  memory = "",
  models = "",
  options: Parameters<typeof startFormation>[1] = {},
) => {
  const { dir, server } = await writeLearning(memory, models);
  return { dir, server, api: await startFormation(dir, options) };
};

export const fact = (memory: string, rest: Record<string, unknown> = {}) => ({
  memory,
  confidence: 0.9,
  importance: 0.5,
  collection: "preferences",
  replaces: null,
  ...rest,
});

export const replyWith = (...facts: unknown[]) => ({ text: [JSON.stringify({ facts })] });

const requestSchema = z.object({ messages: z.array(z.object({ role: z.string(), content: z.string() })) });
const materialSchema = z.object({
  known_memories: z.array(z.object({ number: z.int(), memory: z.string() })),
  conversation: z.array(
    z.object({ role: z.enum(["user", "assistant"]), content: z.string(), said_on: z.string().optional() }),
  ),
});

/** What a question for facts is about. */
export const materialOf = ({ body }: Pick<ReceivedRequest, "body">) =>
  materialSchema.parse(JSON.parse(requestSchema.parse(body).messages.at(-1)?.content ?? ""));

/** What users said, of a question for facts. */
export const saidIn = (request: Pick<ReceivedRequest, "body">): string[] =>
  materialOf(request).conversation.flatMap(({ role, content }) => (role === "user" ? [content] : []));

/** What users said, of each question for facts. */
export const askedAbout = (server: ModelServer): string[][] => server.background.map(saidIn);
