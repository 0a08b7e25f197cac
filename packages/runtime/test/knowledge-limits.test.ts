import { copyFile, mkdir, open, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { zipOf } from "../../documents/test/made.ts";
import { startFormation, writeFormation } from "./harness.ts";
import { startModelServer } from "./model-server.ts";

/** `npm run test:faults` has documents as large as they were found. */
const isLong = process.env.MUXI_TEST_FAULTS !== undefined;
const timeout = isLong ? 900_000 : 180_000;
const rows = isLong ? 10_000_000 : 20_000;
const pageMegabytes = isLong ? 50 : 1;
const files = isLong ? 100_000 : 200;
/** More would take the processor from what is read meanwhile. */
const mostChats = 30;

const megabyte = 2 ** 20;
const admin = { key: "admin" } as const;
const fixtures = path.join(import.meta.dirname, "../../documents/test/fixtures");

/** A formation whose agent knows what is in the folder `docs`. */
const startShelf = async () => {
  const models = await startModelServer();
  const dir = await writeFormation({
    "formation.afs": `schema: "1.0.0"
id: shelf
description: Knows what is on its shelf
llm:
  settings: { base_url: "${models.url}/v1" }
  models: [{ text: openai/test-model, api_key: sk-test }]
agents:
  - id: grower
    name: Grower
    description: Knows trees
    knowledge: { max_file_size: 4000000000, sources: [{ path: docs, file_limit: 200000 }] }
`,
  });
  const docs = path.join(dir, "docs");
  await mkdir(docs);
  const start = async () => {
    const api = await startFormation(dir);
    /** Has the documents read, while somebody talks with the formation. */
    const sync = async () => {
      let isRead = false;
      const synced = api.call("POST", "/agents/grower/knowledge/sync", admin).finally(() => {
        isRead = true;
      });
      let answered = 0;
      do {
        expect((await api.chat("Hello", { user: "ann" })).status).toBe(200);
        answered += 1;
      } while (!isRead && answered < mostChats);
      return (await synced).body.data.results[0];
    };
    const found = async (query: string) => {
      const { data } = (await api.get(`/agents/grower/knowledge/search?query=${query}&limit=1`, admin)).body;
      return data.passages[0]?.document;
    };
    const unread = async (): Promise<Record<string, string>> => {
      const { data } = (await api.get("/agents/grower/knowledge?state=unread", admin)).body;
      return Object.fromEntries(
        data.documents.map((each: { document: string; failure: { code: string } }) => [
          each.document,
          each.failure.code,
        ]),
      );
    };
    return { api, sync, found, unread };
  };
  return { docs, start, close: () => models.close() };
};

test("documents that ask for too much are named with their reasons, and the others are found by those who go on talking", {
  timeout,
}, async () => {
  const { docs, start, close } = await startShelf();
  const write = (name: string, content: string | Buffer) => writeFile(path.join(docs, name), content);
  const gigabyte = await open(path.join(docs, "gigabyte.pdf"), "w");
  await gigabyte.write("%PDF-1.4\n");
  await gigabyte.truncate(2 ** 30);
  await gigabyte.close();
  await copyFile(path.join(fixtures, "encrypted.pdf"), path.join(docs, "encrypted.pdf"));
  await write("bomb.docx", await zipOf({ "word/document.xml": Buffer.alloc(300 * megabyte, 32) }));
  const csv = await open(path.join(docs, "rows.csv"), "w");
  await csv.write("fruit,number\n");
  for (let row = 0; row < rows; row += 10_000) await csv.write("pear,7\n".repeat(10_000));
  await csv.close();
  await write("line.html", `<p>${"word ".repeat((pageMegabytes * megabyte) / 5)}</p>`);
  await write("plums.md", "Plums fall in August.");
  await writeFile(path.join(docs, "../outside.md"), "The outside treasure is gold.");
  await symlink(path.join(docs, "../../outside.md"), path.join(docs, "link.md"));
  await symlink("/etc/hostname", path.join(docs, "host.txt"));

  const { sync, found, unread } = await start();
  expect(await sync()).toMatchObject({ status: "synced", unread: 3 });
  expect(await unread()).toEqual({
    "docs/gigabyte.pdf": "too_large",
    "docs/encrypted.pdf": "encrypted",
    "docs/bomb.docx": "too_large",
  });
  expect(await found("plums")).toBe("docs/plums.md");
  expect(await found("pear")).toBe("docs/rows.csv");
  expect(await found("word")).toBe("docs/line.html");
  expect(await found("treasure")).not.toBe("docs/link.md");

  await rm(path.join(docs, "bomb.docx"));
  await copyFile(path.join(fixtures, "guide.pdf"), path.join(docs, "encrypted.pdf"));
  expect(await sync()).toMatchObject({ unread: 1 });
  expect(await unread()).toEqual({ "docs/gigabyte.pdf": "too_large" });
  await close();
});

test("a folder of very many files is read while others are answered, and again when few have changed", {
  timeout,
}, async () => {
  const { docs, start, close } = await startShelf();
  for (let file = 0; file < files; file++)
    await writeFile(path.join(docs, `${file}.txt`), `Tree ${file} stands here.`);
  const { api, sync, found } = await start();
  expect(await sync()).toMatchObject({ documents: files, unread: 0, passages: files });
  await writeFile(path.join(docs, "7.txt"), "Here was a quince.");
  await rm(path.join(docs, "8.txt"));
  expect(await sync()).toMatchObject({ documents: files - 1, read: 1, passages: files - 1 });
  expect(await found("quince")).toBe("docs/7.txt");
  const { data } = (await api.get("/knowledge", admin)).body;
  expect(data.agents[0]).toMatchObject({ documents: files - 1, unread: 0, passages: files - 1 });
  await close();
});
