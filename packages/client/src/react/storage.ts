import type { ChatCursor } from "muxi-client";
import type { ChatMessage } from "./chat.ts";

/** What of `Storage` a chat needs; `sessionStorage` and `localStorage` have it. */
export type ChatStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** A chat as it outlives a reload. */
export interface StoredChat {
  messages: readonly ChatMessage[];
  sessionId?: string | undefined;
  /** Beginning of the answer that was under way; it is read again as a whole, so that no piece of it is stored. */
  pending?: ChatCursor | undefined;
}

const isStored = (value: unknown): value is StoredChat =>
  typeof value === "object" && value !== null && "messages" in value && Array.isArray(value.messages);

export const createStore = (storage: ChatStorage | undefined, key: string) => ({
  load(): StoredChat | undefined {
    const text = storage?.getItem(key);
    if (text === undefined || text === null) return undefined;
    try {
      const value: unknown = JSON.parse(text);
      return isStored(value) ? value : undefined;
    } catch {
      // Something else lies under this key: the chat begins anew, and overwrites it.
      return undefined;
    }
  },
  save(chat: StoredChat): void {
    try {
      storage?.setItem(key, JSON.stringify(chat));
    } catch (error) {
      // A full storage costs the chat its life after a reload, and must not cost it the answer.
      console.warn("muxi-client: the chat could not be stored", error);
    }
  },
  clear: () => storage?.removeItem(key),
});
