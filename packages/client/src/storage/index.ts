/** What a page gives to remember a chat by. */
export { safeStorage } from "./safe-storage.ts";
