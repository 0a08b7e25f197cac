import { mkdtemp, readdir, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fromBufferPromise } from "yauzl";
import { type ZipEntry, zip } from "./zip.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "muxi-zip-"));
});
afterEach(() => rm(folder, { recursive: true }));

const entry = async (name: string, content: string | Buffer, mode = 0o644): Promise<ZipEntry> => {
  const file = join(folder, name.replaceAll("/", "-"));
  await writeFile(file, content, { mode });
  const stats = await stat(file);
  return { name, file, mtime: stats.mtime, mode: stats.mode };
};

test("another library reads names, content and modes", async () => {
  const long = "Water the trees.\n".repeat(100_000);
  const entries = [
    await entry("formation.afs", "id: bot"),
    await entry("docs/grün.md", long),
    await entry("run.sh", "", 0o755),
  ];
  const archive = await fromBufferPromise(await buffer(zip(entries)));
  const found: Record<string, string> = {};
  for await (const each of archive.eachEntry()) {
    const content = await buffer(await archive.openReadStreamPromise(each));
    const mode = (each.externalFileAttributes >>> 16) & 0o777;
    found[each.fileName] = `${mode.toString(8)} ${content.toString()}`;
  }
  expect(found).toEqual({ "formation.afs": "644 id: bot", "docs/grün.md": `644 ${long}`, "run.sh": "755 " });
});

test("an archive of which a file is gone breaks off", async () => {
  const gone = { ...(await entry("a.md", "a")), file: join(folder, "gone.md") };
  await expect(buffer(zip([await entry("b.md", "b"), gone]))).rejects.toThrow("ENOENT");
});

test.runIf(process.platform === "linux")("a reader that leaves leaves no file open", async () => {
  const large = await entry("large.bin", Buffer.alloc(8 * 2 ** 20, "x"));
  const openFiles = async () => {
    const links = await readdir("/proc/self/fd");
    const paths = await Promise.all(links.map((link) => readlink(`/proc/self/fd/${link}`).catch(() => "")));
    return paths.filter((path) => path === large.file);
  };
  for await (const _ of zip([large, { ...large, name: "again.bin" }])) {
    if ((await openFiles()).length > 0) break;
  }
  await expect.poll(openFiles).toEqual([]);
});
