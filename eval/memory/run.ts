/**
 * Measures how well users are remembered: the figures of docs/quality.md.
 *
 * `npm run eval:memory -- [--with-peers] [--wrong] [--write]`
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { writeFigures } from "../../bench/page.ts";
import { writeDialogues } from "./dialogues.ts";
import { openBuiltInWay, openFormationWay } from "./formation.ts";
import { measure, type Result } from "./measure.ts";
import { installPeers, openPeers } from "./peers.ts";
import { report } from "./report.ts";
import { keyOf } from "./scripted.ts";

const command = "npm run eval:memory";

const usage = `Usage: ${command} -- [options]

Tells memories the 50 dialogues of eval/memory, asks the questions, and counts which could be answered.

  --with-peers  installs the memories of others, then measures them too
  --wrong       also prints the questions that could not be answered, with what was remembered
  --write       writes the figures into docs/quality.md
  --date d      date of the figures (today)
`;

const { values } = parseArgs({
  options: {
    "with-peers": { type: "boolean", default: false },
    wrong: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    date: { type: "string", default: new Date().toISOString().slice(0, 10) },
    help: { type: "boolean", short: "h", default: false },
  },
});

const run = async (dir: string): Promise<void> => {
  const dialogues = writeDialogues();
  const key = keyOf(dialogues);
  const peers = await openPeers(key);
  if (peers.length === 0)
    process.stderr.write("The memories of others are not installed: --with-peers adds them\n");
  const result: Result = { rows: [], leaks: [], wrong: [] };
  for (const way of [openFormationWay(dir, key), openBuiltInWay(dir), ...peers]) {
    const { rows, leaks, wrong } = await measure(way, dialogues);
    await way.close();
    result.rows.push(...rows);
    result.leaks.push(...leaks);
    result.wrong.push(...wrong);
  }
  if (values.wrong) {
    for (const { way, user, question, items } of result.wrong)
      process.stdout.write(`${JSON.stringify({ way, user, ...question, choices: undefined, items })}\n`);
  }
  const text = report(result, values.date);
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
