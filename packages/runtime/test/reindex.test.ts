import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { startReindexing } from "../src/memory/reindex.ts";
import { sql } from "../src/store/database/index.ts";
import { createMemoryRepository } from "../src/store/index.ts";
import { emptyDatabase } from "./processes.ts";

test("memories whose words were found by older rules are indexed anew, and others stay as they are", async () => {
  const database = await (await emptyDatabase())();
  onTestFinished(() => database.close());
  const memories = createMemoryRepository(database);
  const owner = { formationId: "f", userId: "ann" };
  const contents = [...Array.from({ length: 250 }, (_, index) => `退货政策 ${index}`), "new"];
  await memories.add(
    contents.map((content) => ({
      ...{ owner, scope: "user", scopeId: null, subject: content, collection: "context", content },
      ...{ words: ["untouched"], metadata: {}, source: "api", importance: 0.5, now: 1 },
    })),
  );
  await database.write([sql`update memory set words_version = 1 where content <> 'new'`]);

  const worker = startReindexing("f", memories, pino({ level: "silent" }));
  onTestFinished(() => worker.close());
  await untilExpected("nothing old is left", async () =>
    expect(await memories.withOldWords("f", 1)).toEqual([]),
  );
  const wordsOf = (content: string) =>
    database.read<{ word: string }>(
      sql`select word from memory_word where memory_seq = (select seq from memory where content = ${content})
          order by word`,
    );
  expect((await wordsOf("退货政策 7")).map(({ word }) => word)).toEqual(["7", "政策", "货政", "退货"]);
  expect(await wordsOf("new")).toEqual([{ word: "untouched" }]);
});
