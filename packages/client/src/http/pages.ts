/**
 * A list that the server returns in pages. Await it for the first page, which is loaded once however often it is awaited,
 * or iterate over it for the items of all pages. Nothing is sent before.
 *
 * @example
 * const { messages, has_more } = await formation.getSessionMessages({ sessionId });
 * for await (const message of formation.getSessionMessages({ sessionId })) console.log(message.content);
 */
export interface Pages<Page, Item> extends Promise<Page>, AsyncIterable<Item> {}

/** How the pages of a list are loaded. */
export interface PageLoader<Page, Item> {
  /** Loads the page that is awaited. */
  one(): Promise<Page>;
  /** Loads the page after `previous`, or the first one, for an iteration; `seen` counts the items before it. */
  next(previous: Page | undefined, seen: number): Promise<Page>;
  /** The items of a page. */
  items(page: Page): readonly Item[];
  /** Whether another page follows. */
  hasNext(page: Page): boolean;
}

export const createPages = <Page, Item>(loader: PageLoader<Page, Item>): Pages<Page, Item> => {
  let loaded: Promise<Page> | undefined;
  const one = () => {
    loaded ??= loader.one();
    return loaded;
  };
  return {
    // biome-ignore lint/suspicious/noThenProperty: it is meant to be awaited.
    then: (onFulfilled, onRejected) => one().then(onFulfilled, onRejected),
    catch: (onRejected) => one().catch(onRejected),
    finally: (onFinally) => one().finally(onFinally),
    [Symbol.toStringTag]: "Pages",
    async *[Symbol.asyncIterator]() {
      let page: Page | undefined;
      let seen = 0;
      do {
        page = await loader.next(page, seen);
        const items = loader.items(page);
        seen += items.length;
        yield* items;
      } while (loader.hasNext(page));
    },
  };
};
