import type { UIMessage } from "ai";
import type { MessageList } from "muxi-client";
import { sourcesIn } from "./sources.ts";

/**
 * Messages of a session as the AI SDK has them, for `useChat({ messages })`: those of earlier turns after a reload. An
 * answer has the id of its request, as it has while it streams, so that an answer that is resumed is shown once.
 *
 * @example
 * const messages = toUIMessages(await formation.getSessionMessages({ sessionId: id }));
 */
export const toUIMessages = ({ messages }: Pick<MessageList, "messages">): UIMessage[] => {
  // A request may have several: before its answer, the questions that it asked its user.
  const answers = new Map(
    messages.flatMap(({ id, role, request_id }) => (role === "assistant" ? [[request_id, id]] : [])),
  );
  return messages.map(({ id, role, content, agent_id, request_id, metadata }) => ({
    id: request_id !== undefined && answers.get(request_id) === id ? request_id : id,
    role,
    parts: [{ type: "text", text: content, state: "done" }, ...sourcesIn(metadata)],
    metadata: { ...metadata, ...(agent_id && { agent_id }), ...(request_id && { request_id }) },
  }));
};
