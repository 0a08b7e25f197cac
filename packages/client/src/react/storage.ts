import type { ChatCursor } from "muxi-client";
import { isObject } from "../http/index.ts";

/** A message of a chat. */
export interface ChatMessage {
  /** Unique in the chat: a key for the list that shows it. */
  id: string;
  /** Who said it. */
  role: "user" | "assistant" | "system";
  /** The text that has arrived so far. */
  text: string;
  /** Widgets to show with the text (docs/spec/formation-api.md "Chat events"). */
  ui?: Record<string, unknown>[];
}

/** The part of `Storage` that a chat uses, as `sessionStorage` and `localStorage` have it. */
export type ChatStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** A chat as it is stored. */
export interface StoredChat {
  messages: readonly ChatMessage[];
  sessionId?: string | undefined;
  /** Beginning of the answer in progress. It is read again as a whole, so that no part of it is stored. */
  pending?: ChatCursor | undefined;
}

const isStored = (value: unknown): value is StoredChat => isObject(value) && Array.isArray(value.messages);

export const createStore = (storage: ChatStorage | undefined, key: string) => ({
  load(): StoredChat | undefined {
    const text = storage?.getItem(key);
    if (text === undefined || text === null) return undefined;
    try {
      const value: unknown = JSON.parse(text);
      return isStored(value) ? value : undefined;
    } catch {
      // The key holds something else: the chat begins anew and overwrites it.
      return undefined;
    }
  },
  save(chat: StoredChat): void {
    try {
      storage?.setItem(key, JSON.stringify(chat));
    } catch (error) {
      // With a full storage the chat does not survive a reload, but the answer must not fail.
      console.warn("muxi-client: the chat could not be stored", error);
    }
  },
  clear: () => storage?.removeItem(key),
});
