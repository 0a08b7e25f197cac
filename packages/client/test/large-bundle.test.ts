import { randomBytes } from "node:crypto";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { ServerClient } from "../src/index.ts";

const megabyte = 1024 * 1024;
const size = 500 * megabyte;

/** The header of a tar entry. */
const header = (name: string, length: number): Buffer => {
  const block = Buffer.alloc(512);
  block.write(name);
  block.write(length.toString(8).padStart(11, "0"), 124);
  block.write("0", 156);
  return block;
};

/** Begins as a bundle does; the rest is zeros, which take no time to write. The client reads no more of it. */
const writeBundle = async (path: string): Promise<void> => {
  const config = Buffer.alloc(512);
  config.write("id: my-bot\nversion: 1.2.3\n");
  const content = [header("my-bot/formation.yaml", 26), config, header("my-bot/large.bin", size)];
  // Longer than one read, so that the zeros are not taken for a broken archive.
  const start = gzipSync(Buffer.concat([...content, randomBytes(megabyte)]), { level: 0 });
  await writeFile(path, start);
  await truncate(path, size);
};

test("to deploy 500 MB takes little memory", async () => {
  const folder = await mkdtemp(join(tmpdir(), "muxi-large-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const bundlePath = join(folder, "large.tar.gz");
  await writeBundle(bundlePath);

  const before = process.memoryUsage.rss();
  let most = before;
  let received = 0;
  const server = createServer(async (request, response) => {
    for await (const piece of request) {
      received += piece.length;
      most = Math.max(most, process.memoryUsage.rss());
    }
    response.setHeader("content-type", "application/json").end('{"data":{"formation_id":"my-bot"}}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const result = await new ServerClient({ url }).deployFormation({ bundlePath });
  expect(result.formation_id).toBe("my-bot");
  expect(received).toBe(size);
  expect((most - before) / megabyte).toBeLessThan(150);
}, 120_000);
