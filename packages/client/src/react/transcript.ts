import type { ChatEvent, Message } from "muxi-client";
import { fieldsOf } from "../http/index.ts";
import type { ChatMessage } from "./storage.ts";

/** The id on the page of the message that a request answers. The answer has the id of the request. */
export const askedId = (requestId: string): string => `${requestId}:user`;

/** What an answer rests on, where the server tells it: other servers have no metadata. */
const citedIn = (metadata: unknown): Pick<ChatMessage, "citations"> => {
  const { citations } = fieldsOf(metadata);
  return Array.isArray(citations) ? { citations } : {};
};

/** The message with what an event adds to it. */
export const extend = (message: ChatMessage, event: ChatEvent): ChatMessage => {
  switch (event.type) {
    case "text":
      return { ...message, text: event.replace ? event.text : message.text + event.text };
    case "ui":
      return { ...message, ui: [...(message.ui ?? []), ...event.ui] };
    case "done":
      return {
        ...message,
        ...citedIn(event.metadata),
        ...(event.interrupt && { interrupt: { ...event.interrupt, request_id: event.request_id } }),
      };
    // Each comes again with `done`.
    case "citation":
    // These are not part of a message; `onEvent` gets them.
    case "progress":
    case "object":
    case "thinking":
    case "planning":
    case "tool_call":
    case "tool_result":
    case "unknown":
      return message;
    default:
      // A kind that is added to the wire does not compile until it has its case.
      event satisfies never;
      return message;
  }
};

const fromServer = ({ id, role, content, metadata }: Message): ChatMessage => ({
  id,
  role,
  text: content,
  ...citedIn(metadata),
});

/** Whether a message on the page is one of the server's, which names it otherwise. */
const isSame = (shown: ChatMessage, { id, role, content, request_id }: Message): boolean => {
  if (shown.role !== role) return false;
  if (shown.id === id || shown.text === content) return true;
  return request_id !== undefined && shown.id === (role === "user" ? askedId(request_id) : request_id);
};

const confirmed = ({ unconfirmed: _, ...message }: ChatMessage): ChatMessage => message;

/** The messages, of which none waits for an answer any more. */
export const settled = (messages: readonly ChatMessage[]): ChatMessage[] =>
  messages.map(({ interrupt: _, ...message }) => message);

/** The messages, of which the server now has the one that the request `id` answers. */
export const confirm = (messages: readonly ChatMessage[], id: string): ChatMessage[] =>
  messages.map((message) => (message.id === askedId(id) ? confirmed(message) : message));

/**
 * What is on the page together with what the server has of the session. Neither loses a message: the page may show more
 * than a page of the server's list has, and messages that never reached it; the server may have those of other pages.
 */
export const merge = (shown: readonly ChatMessage[], stored: readonly Message[]): ChatMessage[] => {
  // The longest common subsequence: compared one by one, a text that was said twice would be taken for another.
  const lengths = shown.map(() => stored.map(() => 0));
  const lengthAt = (row: number, column: number) => lengths[row]?.[column] ?? 0;
  for (const [row, message] of shown.entries()) {
    for (const [column, other] of stored.entries()) {
      const longest = isSame(message, other)
        ? lengthAt(row - 1, column - 1) + 1
        : Math.max(lengthAt(row - 1, column), lengthAt(row, column - 1));
      lengths[row]?.splice(column, 1, longest);
    }
  }

  const merged: ChatMessage[] = [];
  let row = shown.length - 1;
  let column = stored.length - 1;
  for (;;) {
    const message = shown[row];
    const other = stored[column];
    if (message === undefined && other === undefined) return merged.reverse();
    if (message !== undefined && other !== undefined && isSame(message, other)) {
      // What the user wrote stays as they wrote it: the server adds the texts of files.
      merged.push(
        message.role === "user"
          ? confirmed(message)
          : { ...message, text: other.content, ...citedIn(other.metadata) },
      );
      row--;
      column--;
    } else if (
      other !== undefined &&
      (message === undefined || lengthAt(row, column - 1) >= lengthAt(row - 1, column))
    ) {
      merged.push(fromServer(other));
      column--;
    } else if (message !== undefined) {
      merged.push(message);
      row--;
    }
  }
};
