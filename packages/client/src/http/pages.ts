/**
 * A list that the server returns in pages. Await it for the first page, or iterate over it for the items of all pages.
 *
 * @example
 * const { messages, has_more } = await formation.getSessionMessages({ sessionId });
 * for await (const message of formation.getSessionMessages({ sessionId })) console.log(message.content);
 */
export class Pages<Page, Item> implements PromiseLike<Page>, AsyncIterable<Item> {
  readonly #load: (previous: Page | undefined, seen: number) => Promise<Page>;
  readonly #items: (page: Page) => readonly Item[];
  readonly #hasNext: (page: Page) => boolean;

  /**
   * @param pages.load Loads the page after `previous`, or the first one; `seen` counts the items before it.
   */
  constructor(pages: {
    /** Loads a page. */
    load: (previous: Page | undefined, seen: number) => Promise<Page>;
    /** The items of a page. */
    items: (page: Page) => readonly Item[];
    /** Whether another page follows. */
    hasNext: (page: Page) => boolean;
  }) {
    this.#load = pages.load;
    this.#items = pages.items;
    this.#hasNext = pages.hasNext;
  }

  /** Loads the first page. */
  // biome-ignore lint/suspicious/noThenProperty: it is meant to be awaited.
  then<Fulfilled = Page, Rejected = never>(
    onFulfilled?: ((page: Page) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    return this.#load(undefined, 0).then(onFulfilled, onRejected);
  }

  /** Yields the items of all pages. Each page is loaded when it is needed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    let page: Page | undefined;
    let seen = 0;
    do {
      page = await this.#load(page, seen);
      const items = this.#items(page);
      seen += items.length;
      yield* items;
    } while (this.#hasNext(page));
  }
}
