import type { operations, paths } from "./api.ts";

type Chat = paths["/v1/chat"]["post"];

export const chat: Chat["requestBody"]["content"]["application/json"] = { message: "Tell me" };

export const user: operations["getMemories"]["parameters"]["header"] = { "X-Muxi-User-ID": "ann" };

export const textOf = (event: Chat["responses"][200]["content"]["text/event-stream"]): string =>
  event.type === "text" ? event.text : "";

export const isOver = (
  answer: operations["getRequest"]["responses"][200]["content"]["application/json"],
): boolean => answer.data.status === "completed";

// @ts-expect-error
export const wrong: typeof chat = { message: 5 };
