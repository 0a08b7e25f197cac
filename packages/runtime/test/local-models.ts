/**
 * Runs a model on this machine through the real package: `npm run test:local-models`. It installs the package (0.5 GB) below the
 * temporary folder of the system, keeps it there, and makes a tiny model.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createLocalEmbedding } from "../src/models/embedding/local-embedding.ts";
import { writeTinyModel } from "./tiny-model.ts";

const dir = path.join(tmpdir(), "muxi-local-models");
const folder = path.join(dir, "models");
mkdirSync(dir, { recursive: true });
if (!existsSync(path.join(dir, "node_modules/@huggingface/transformers"))) {
  writeFileSync(path.join(dir, "package.json"), JSON.stringify({ private: true }));
  // Without scripts: what it would build or download is for graphic cards.
  const options = ["--ignore-scripts", "--no-audit", "--no-fund"];
  execFileSync("npm", ["install", ...options, "@huggingface/transformers@4.3.2"], {
    cwd: dir,
    stdio: "inherit",
  });
}
await writeTinyModel(path.join(folder, "tiny/fruit"), {
  apple: [1, 0, 0, 0],
  pear: [0.8, 0.6, 0, 0],
  river: [0, 0, 1, 0],
});

const settings = { timeoutSeconds: 20, maxRetries: 0 };
const config = { id: "local/tiny/fruit", provider: "local", name: "tiny/fruit", settings };
const { embed } = createLocalEmbedding(config, { dir, folder });
// The thread keeps no process alive.
const alive = setInterval(() => {}, 2 ** 30);
const vectors = await embed(["The apple", "pear", "apple river"], "passage", new AbortController().signal);
clearInterval(alive);
const rounded = vectors.map((vector) => [...vector].map((number) => Math.round(number * 100) / 100));
assert.deepEqual(rounded, [
  [1, 0, 0, 0],
  [0.8, 0.6, 0, 0],
  [0.71, 0, 0.71, 0],
]);
process.stdout.write("A model ran on this machine, and its vectors are right\n");
