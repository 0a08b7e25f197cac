/**
 * Measures parts of the product beside what could take their place, mostly libraries: the figures of `docs/decisions`.
 *
 * `npm run bench:parts -- [--parts a,b] [--rounds n] [--write]`
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { stopAll } from "../machine/programs.ts";
import { writeFigures } from "../page.ts";
import { client } from "./client.ts";
import { cron } from "./cron.ts";
import { driver } from "./driver.ts";
import { front } from "./front.ts";
import { type Measured, measure, report } from "./measure.ts";
import { metrics } from "./metrics.ts";
import type { Part } from "./part.ts";
import { queue } from "./queue.ts";
import { sqlTag } from "./sql-tag.ts";
import { sse } from "./sse.ts";
import { words } from "./words.ts";

const command = "npm run bench:parts";
const parts: readonly Part[] = [front, client, sqlTag, queue, driver, cron, sse, metrics, words];
const names = parts.map(({ name }) => name).join(", ");

const usage = `Usage: ${command} -- [options]

Measures parts of the product beside what could take their place, mostly libraries, interleaved in one process.

  --parts a,b   ${names} (all)
  --rounds n    how often each is measured; the table shows medians (9)
  --write       writes each table into its page of docs/decisions
  --date d      date of the figures (today)
`;

const { values } = parseArgs({
  options: {
    parts: { type: "string" },
    rounds: { type: "string", default: "9" },
    write: { type: "boolean", default: false },
    date: { type: "string", default: new Date().toISOString().slice(0, 10) },
    help: { type: "boolean", short: "h", default: false },
  },
});

const chosen = (): Part[] => {
  const wanted = values.parts?.split(",") ?? parts.map(({ name }) => name);
  return wanted.map((name) => {
    const part = parts.find((each) => each.name === name);
    if (!part) throw new Error(`'${name}' is no part: choose from ${names}`);
    return part;
  });
};

const tell = (text: string) => process.stderr.write(`${text}\n`);

const run = async (part: Part, rounds: number): Promise<void> => {
  const reason = part.missing?.();
  if (reason !== undefined) {
    tell(`Left out: ${part.name}, because ${reason}`);
    return;
  }
  const { comparisons, close } = await part.open();
  const measured: Measured[] = [];
  try {
    for (const comparison of comparisons) {
      tell(`${part.name}: ${comparison.label}`);
      measured.push(await measure(comparison, rounds));
    }
  } finally {
    await close?.();
  }
  const text = report(measured, { date: values.date, rounds });
  process.stdout.write(`\n${part.name}\n\n${text}\n\n`);
  if (!values.write) return;
  const page = join(import.meta.dirname, "../../docs/decisions", part.page);
  writeFigures(page, `${command} -- --parts ${part.name} --write`, text);
};

if (values.help) process.stdout.write(usage);
else {
  try {
    const rounds = Number(values.rounds);
    if (!(rounds >= 1)) throw new Error(`--rounds is '${values.rounds}': give a number from 1`);
    for (const part of chosen()) await run(part, rounds);
  } catch (error) {
    tell(`Error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  } finally {
    await stopAll();
  }
}
