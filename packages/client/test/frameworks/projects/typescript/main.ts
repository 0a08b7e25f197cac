import { type ChatPayload, FormationClient, MuxiError, ServerClient, webhook } from "muxi-client";
import { createChatTransport, toUIMessages } from "muxi-client/ai-sdk";
import { createNodeTransport } from "muxi-client/node";
import { useChat } from "muxi-client/react";
import { createTestServer } from "muxi-client/testing";
import { receive, WebhookVerificationError } from "muxi-client/webhook";

const formation = new FormationClient({ url: undefined, fetch: createNodeTransport() }).as("ann");

export const story = async (sessionId: string | undefined): Promise<string> => {
  const payload: ChatPayload = { message: "Tell me", session_id: sessionId, files: undefined };
  let text = "";
  for await (const event of formation.chatStream(payload)) if (event.type === "text") text += event.text;
  return text;
};

export const memories = async (): Promise<string[]> => {
  const contents: string[] = [];
  for await (const memory of formation.getMemories()) contents.push(memory.content);
  return contents;
};

export const transport = createChatTransport({ formation, storage: undefined });
export const earlier = async (sessionId: string) =>
  toUIMessages(await formation.getSessionMessages({ sessionId }));
export const talk = () => useChat({ formation, storage: undefined });
export const server = new ServerClient({ url: "http://localhost:7890", fetch: createTestServer().fetch });
export const delivered = (request: Request) => receive(request, { secret: "secret" });
export const isOurs = (error: unknown) =>
  error instanceof MuxiError || error instanceof WebhookVerificationError;
export const signed = (body: string): Promise<string> => webhook.sign(body, "secret");

// @ts-expect-error
formation.chatStream({ message: 5 });
