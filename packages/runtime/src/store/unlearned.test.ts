import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../../../test/temporary-folder.ts";
import type { Statement } from "./database/index.ts";
import { createLessonRepository } from "./lessons.ts";
import { createSessionRepository } from "./sessions.ts";
import { openSqlite } from "./sqlite/index.ts";
import { createStore } from "./store.ts";
import { createUnlearned } from "./unlearned.ts";

const ann = { formationId: "f", userId: "ann" };
const ben = { formationId: "f", userId: "ben" };

const open = () => {
  const file = path.join(temporaryFolder(), "memory.db");
  const connect = () => {
    const db = openSqlite(file);
    onTestFinished(() => db.close());
    return db;
  };
  const { dataVersion: _, ...uncached } = connect();
  const store = createStore(connect());
  const other = createStore(connect());
  let said = 0;
  const say = (owner: typeof ann, content: string, { sessionId = "s1", by = store } = {}) => {
    const requestId = `req_${++said}`;
    const message = { role: "user" as const, content, createdAt: said, requestId };
    return by.sessions.append(owner, sessionId, message, [
      by.lessons.note(owner, sessionId, requestId, said),
    ]);
  };
  return { store, other, uncached: createUnlearned(uncached), say };
};

test("what is not learned yet is the same in the cache as in the database, whatever is said, learned or deleted", async () => {
  const { store, other, uncached, say } = open();
  const both = () => Promise.all([ann, ben].map((owner) => store.lessons.unlearned(owner)));
  const known = async () => {
    const found = await both();
    expect(found).toEqual(await Promise.all([ann, ben].map((owner) => uncached.of(owner))));
    return found;
  };
  const learn = async (by = store) => {
    const sessions = ["s1", "s2"].map((sessionId) => ({ owner: ann, sessionId }));
    const which = { now: 100, begunBefore: 0, until: 200, limit: 1 };
    return by.lessons.finish(await by.lessons.claim("f", sessions, which), []);
  };

  expect(await known()).toEqual([[], []]);
  await say(ann, "apples");
  await say(ann, "pears", { sessionId: "s2" });
  await say(ben, "plums", { sessionId: "s3" });
  expect(await known()).toEqual([["pears", "apples"], ["plums"]]);

  await say(ann, "figs");
  expect(await known()).toEqual([["figs", "pears", "apples"], ["plums"]]);

  await learn();
  expect(await known()).toEqual([["figs", "pears"], ["plums"]]);

  await say(ann, "nuts", { by: other });
  expect(await known()).toEqual([["nuts", "figs", "pears"], ["plums"]]);
  await learn(other);
  expect(await known()).toEqual([["nuts", "figs"], ["plums"]]);

  await say(ann, "limes", { sessionId: "s2" });
  await store.sessions.replace(ann, "s1", [{ role: "user", content: "figs", createdAt: 50 }], 50);
  expect(await known()).toEqual([["limes"], ["plums"]]);

  await store.buffers.clear("f", { userId: "ann", sessionId: "s2" });
  expect(await known()).toEqual([[], ["plums"]]);

  await store.buffers.clear("f", {});
  expect(await known()).toEqual([[], []]);
});

test("of those who say much the newest are known", async () => {
  const { store, say } = open();
  await store.lessons.unlearned(ann);
  for (let number = 1; number <= 25; number++) await say(ann, `apple ${number}`);
  const known = await store.lessons.unlearned(ann);
  expect(known).toHaveLength(20);
  expect(known[0]).toBe("apple 25");
  expect(known.at(-1)).toBe("apple 6");
});

test("what is said while the cache is filled is not missed", async () => {
  const db = openSqlite(path.join(temporaryFolder(), "memory.db"));
  onTestFinished(() => db.close());
  let goOn = () => {};
  const paused = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const unlearned = createUnlearned({
    ...db,
    async read<Row>(statement: Statement) {
      const rows = await db.read<Row>(statement);
      await paused;
      return rows;
    },
  });
  const sessions = createSessionRepository(db, unlearned.deleted);
  const lessons = createLessonRepository(db, unlearned);
  const say = (content: string, requestId: string) =>
    sessions.append(ann, "s1", { role: "user", content, createdAt: 1, requestId }, [
      lessons.note(ann, "s1", requestId, 1),
    ]);

  await say("apples", "req_1");
  const filling = unlearned.of(ann);
  await say("pears", "req_2");
  goOn();
  expect(await filling).toEqual(["apples"]);
  expect(await unlearned.of(ann)).toEqual(["pears", "apples"]);
});
