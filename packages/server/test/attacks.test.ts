import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { bundle, call, deployBundle, expectStatus, formationFolder, manifestOf, tar } from "./bundles.ts";
import { startTestServer, type TestServer } from "./helpers.ts";
import { hostileLines } from "./hostile-manifests.ts";

/** `npm run test:faults` makes the attacks as large as they were found. */
const isLong = process.env.MUXI_TEST_FAULTS !== undefined;

/** Seconds of a processor are counted, which a reader gets last. */
const timeout = isLong ? 660_000 : 180_000;

/** A caller of another formation. */
interface Bystander {
  /** How many of its requests were answered while something else went on. */
  answeredDuring<Result>(work: Promise<Result>): Promise<{ result: Result; answered: number }>;
}

const bystanderOf = async ({ url }: TestServer): Promise<Bystander> => {
  expectStatus(await deployBundle(url, await bundle({ id: "bystander" }), { id: "bystander" }), 201);
  let answered = 0;
  let isLeaving = false;
  const asking = (async () => {
    while (!isLeaving) {
      const response = await fetch(`${url}/api/bystander/v1/health`);
      await response.text();
      expect(response.status).toBe(200);
      answered += 1;
      // One in haste would take the processor from what is read meanwhile.
      await delay(5);
    }
  })();
  onTestFinished(async () => {
    isLeaving = true;
    await asking;
  });
  return {
    async answeredDuring(work) {
      const before = answered;
      const result = await work;
      return { result, answered: answered - before };
    },
  };
};

const manifest = manifestOf("my-bot", "1.0.0");

const attacks: [name: keyof typeof hostileLines, inSuite: number][] = [
  ["a list without end below an unknown key", 150_000],
  ["unknown keys", 120_000],
  ["mappings for keys", 100_000],
];

it.each(attacks)("refuses %s, and answers others meanwhile", { timeout }, async (name, inSuite) => {
  const server = await startTestServer({
    reading: isLong ? {} : { understandingSeconds: 1, heapMegabytes: 128 },
  });
  const bystander = await bystanderOf(server);
  const packed = await bundle({ manifest: manifest + hostileLines[name](isLong ? 400_000 : inSuite) });
  const { result, answered } = await bystander.answeredDuring(deployBundle(server.url, packed));
  expect(expectStatus(result, 413).body.message).toMatch(
    /takes more than .* to read\. Make its files smaller/,
  );
  expect(answered).toBeGreaterThan(20);
  expectStatus(await deployBundle(server.url, await bundle()), 201);
});

it("tells only the first of very many errors", async () => {
  const server = await startTestServer();
  const packed = await bundle({
    manifest: manifest + hostileLines["references to a secret that is missing"](4000),
  });
  const { message } = expectStatus(await deployBundle(server.url, packed), 400).body;
  expect(message).toMatch(/Found 50 error\(s\)[\s\S]*and 3950 more$/);
});

it("takes very many small files, and answers others meanwhile", { timeout }, async () => {
  const server = await startTestServer();
  const bystander = await bystanderOf(server);
  const parent = await formationFolder();
  const folder = join(parent, "my-bot", "data");
  await mkdir(folder);
  for (let at = 0; at < (isLong ? 20_000 : 3_000); at += 1) await writeFile(join(folder, `${at}.txt`), "x");
  const packed = await tar(parent, "my-bot");
  const { result, answered } = await bystander.answeredDuring(deployBundle(server.url, packed));
  expectStatus(result, 201);
  expect(answered).toBeGreaterThan(20);
  const download = await bystander.answeredDuring(call(server.url, "GET", "/rpc/formations/my-bot/download"));
  expectStatus(download.result, 200);
  expect(download.answered).toBeGreaterThan(5);
});
