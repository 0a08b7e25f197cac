import { lazy, newId } from "@muxi/protocol";
import * as z from "zod";
import type { Hints, HintTopic } from "../store/index.ts";

export interface RelayDeps<Item> {
  formationId: string;
  hints: Hints;
  topic: HintTopic;
  /** Whether an item is among what others follow, each with a key. */
  isWanted: (item: Item, followed: ReadonlySet<string>) => boolean;
  /** Takes an item of another process. */
  receive: (item: Item) => void;
  /** Called when others begin to follow something here, and when none of them does any more. */
  onFollowed?: (isFollowed: boolean) => void;
}

/**
 * Passes what happens in one process of a formation to those that follow it in another. While nobody does, nothing is
 * sent. It is news, not truth: what is said while the database is away is lost.
 */
export interface Relay<Item> {
  /** Asks the other processes for what a key stands for, until the returned function is called. */
  follow(key: string): () => void;
  /** Tells those who follow it in other processes. */
  tell(item: Item): void;
  close(): void;
}

/** How often others are told what is followed here, and when they forget it, in milliseconds. */
const repeatEvery = 10_000;
const forgottenAfter = 25_000;
/** Milliseconds in which items are gathered, so that many cost one message. */
const gatherFor = 50;

const messageSchema = <Item>() =>
  z.object({
    from: z.string(),
    /** The sender would like to know what others follow. */
    asks: z.boolean().default(false),
    /** What is followed at the sender's. */
    follows: z.array(z.string()).default([]),
    /** What has happened at the sender's; not checked, since a process of this formation made it. */
    items: z.array(z.custom<Item>()).default([]),
  });

export const createRelay = <Item>(deps: RelayDeps<Item>): Relay<Item> => {
  const { formationId, hints, topic, isWanted, receive, onFollowed = () => {} } = deps;
  const self = newId("event");
  const schema = lazy(() => messageSchema<Item>());
  /** What is followed here, and by how many. */
  const here = new Map<string, number>();
  /** What is followed elsewhere, and until when unless it is repeated, as `performance.now()`. */
  const elsewhere = new Map<string, number>();
  let followed: ReadonlySet<string> = new Set();
  let gathered: Item[] = [];
  let gathering: NodeJS.Timeout | undefined;

  const send = (message: Omit<z.input<ReturnType<typeof schema>>, "from">) =>
    hints.send({ topic, formationId, content: JSON.stringify({ from: self, ...message }) });

  const sayWhatIsFollowed = () => {
    if (here.size > 0) send({ follows: [...here.keys()] });
  };

  const noteFollowed = () => {
    const before = followed.size;
    followed = new Set(elsewhere.keys());
    if (before === 0 && followed.size > 0) onFollowed(true);
    if (before > 0 && followed.size === 0) onFollowed(false);
  };

  const forget = () => {
    for (const [key, until] of elsewhere) if (until < performance.now()) elsewhere.delete(key);
    noteFollowed();
  };

  const repeating = setInterval(() => {
    forget();
    sayWhatIsFollowed();
  }, repeatEvery).unref();

  hints.listen(topic, formationId, (content) => {
    // Of what others follow nothing is known yet, or no longer.
    if (content === "") return send({ asks: true });
    const { from, asks, follows, items } = schema().parse(JSON.parse(content));
    if (from === self) return;
    if (asks) sayWhatIsFollowed();
    for (const key of follows) elsewhere.set(key, performance.now() + forgottenAfter);
    noteFollowed();
    for (const item of items) receive(item);
  });

  return {
    follow(key) {
      const count = here.get(key) ?? 0;
      here.set(key, count + 1);
      if (count === 0) send({ follows: [key] });
      return () => {
        const left = (here.get(key) ?? 1) - 1;
        if (left === 0) here.delete(key);
        else here.set(key, left);
      };
    },
    tell(item) {
      if (followed.size === 0 || !isWanted(item, followed)) return;
      gathered.push(item);
      gathering ??= setTimeout(() => {
        gathering = undefined;
        send({ items: gathered });
        gathered = [];
      }, gatherFor);
    },
    close() {
      clearInterval(repeating);
      clearTimeout(gathering);
      if (gathered.length > 0) send({ items: gathered });
    },
  };
};
