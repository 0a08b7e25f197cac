import { onTestFinished } from "vitest";
import * as z from "zod";
import { keys, manifest, startFormation, writeFormation } from "./harness.ts";
import { type ReceivedRequest, startModelServer } from "./model-server.ts";

/** Turns that a model sees at least, where a session is long. */
export const leastTurns = 3;

const manifestOf = (memory: string, llm = "", persistent = "extraction: false") => `${manifest}
server: { api_keys: { client_key: ${keys.clientKey}, admin_key: ${keys.adminKey} } }
${llm}
memory:
  buffer: { size: ${leastTurns * 2} }
  persistent: { ${persistent} }
  ${memory}
`;

/** A folder whose sessions leave their window soon, with a model, and that model's server. */
export const writeLong = async (memory = "", persistent?: string) => {
  const server = await startModelServer();
  onTestFinished(() => server.close());
  server.summaryReply = noting;
  const llm = `llm:
  settings: { base_url: "${server.url}/v1", max_retries: 0 }
  models: [{ text: openai/test-model, api_key: sk-very-secret }]`;
  return { dir: await writeFormation({ "formation.afs": manifestOf(memory, llm, persistent) }), server };
};

/** The same, running. */
export const startLong = async (
  memory = "",
  options: Parameters<typeof startFormation>[1] = {},
  persistent?: string,
) => {
  const { dir, server } = await writeLong(memory, persistent);
  return { dir, server, api: await startFormation(dir, options) };
};

/** A formation of the built-in model whose sessions leave their window soon. */
export const startLongBuiltIn = async (memory = "") =>
  startFormation(await writeFormation({ "formation.afs": manifestOf(memory) }));

const bodySchema = z.object({
  messages: z.array(
    z.object({
      role: z.string(),
      content: z
        .string()
        .nullish()
        .transform((text) => text ?? ""),
    }),
  ),
});
const materialSchema = z.object({
  summary_so_far: z.string(),
  conversation: z.array(z.object({ role: z.enum(["user", "assistant"]), content: z.string() })),
});

/** The messages of a request to the model. */
export const messagesOf = ({ body }: Pick<ReceivedRequest, "body">) => bodySchema.parse(body).messages;

/** What a question for a summary is about. */
export const materialOf = (request: Pick<ReceivedRequest, "body">) =>
  materialSchema.parse(JSON.parse(messagesOf(request).at(-1)?.content ?? ""));

export const summaryReply = (summary: string, rest: Record<string, unknown> = {}) => ({
  text: [JSON.stringify({ summary, decisions: [], projects: [], ...rest })],
});

/** Answers as a model that keeps what has a number of four digits and more in it. */
export const noting = (request: Pick<ReceivedRequest, "body">) => {
  const { summary_so_far: earlier, conversation } = materialOf(request);
  const telling = conversation.flatMap(({ role, content }) =>
    role === "user" && /\d{4}/.test(content) ? [content] : [],
  );
  return summaryReply([earlier, ...telling].filter((text) => text !== "").join(" "));
};
