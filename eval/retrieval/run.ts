/**
 * Measures how well documents are found: the figures of docs/quality.md.
 *
 * `npm run eval:retrieval -- [--with-peers] [--write]`
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { writeFigures } from "../../bench/page.ts";
import { layOutDocuments, readDocuments, readQuestions } from "./corpus.ts";
import { measure, type Row } from "./measure.ts";
import { installPeers, openPeers } from "./peers.ts";
import { report } from "./report.ts";
import { openWords } from "./words.ts";

const command = "npm run eval:retrieval";

const usage = `Usage: ${command} -- [options]

Asks the questions of eval/retrieval/questions.jsonl, and counts which documents are found.

  --with-peers  installs the searches of others, then measures them too
  --write       writes the figures into docs/quality.md
  --date d      date of the figures (today)
`;

const { values } = parseArgs({
  options: {
    "with-peers": { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    date: { type: "string", default: new Date().toISOString().slice(0, 10) },
    help: { type: "boolean", short: "h", default: false },
  },
});

const run = async (dir: string): Promise<void> => {
  const folder = path.join(dir, "documents");
  const names = await layOutDocuments(folder);
  const ways = [
    await openWords(dir, { hasNearWords: false }),
    await openWords(dir, { hasNearWords: true }),
    ...(await openPeers(await readDocuments(folder, names))),
  ];
  if (ways.length === 2)
    process.stderr.write("The searches of others are not installed: --with-peers adds them\n");
  const questions = readQuestions();
  const rows: Row[] = [];
  for (const way of ways) {
    rows.push(...(await measure(way, questions)));
    await way.close();
  }
  const text = report(rows, values.date);
  process.stdout.write(`${text}\n`);
  if (!values.write) return;
  const page = path.join(import.meta.dirname, "../../docs/quality.md");
  writeFigures(page, `${command} -- --with-peers --write`, text);
};

if (values.help) process.stdout.write(usage);
else {
  if (values["with-peers"]) installPeers();
  const dir = await mkdtemp(path.join(tmpdir(), "muxi-eval-"));
  try {
    await run(dir);
  } finally {
    await rm(dir, { recursive: true });
  }
}
