/** The part of `Storage` that chats use, as `sessionStorage` and `localStorage` have it. */
type PageStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const attempt = <Value>(work: () => Value): Value | undefined => {
  try {
    return work();
  } catch (error) {
    console.warn("muxi-client: the storage failed, so that the chat may not survive a reload", error);
    return undefined;
  }
};

/** A storage that warns in the place of failing: it may be full, or forbidden to the page, and the chat goes on. */
export const safeStorage = (storage: PageStorage | undefined): PageStorage => ({
  getItem: (key) => attempt(() => storage?.getItem(key)) ?? null,
  setItem: (key, value) => attempt(() => storage?.setItem(key, value)),
  removeItem: (key) => attempt(() => storage?.removeItem(key)),
});
