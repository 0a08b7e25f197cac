import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { takeCores } from "./machine/cores.ts";
import { stopAll } from "./machine/programs.ts";
import { writeFigures } from "./page.ts";
import { type Comparison, report } from "./report.ts";
import type { Scenario } from "./scenarios.ts";
import { runSuite } from "./suite.ts";
import { isBuilt, type Target } from "./targets.ts";

export interface Bench {
  /** As it is typed, and as the markers of its figures name it. */
  command: string;
  /** What it measures, in a sentence. */
  about: string;
  /** The program that answers behind all targets. */
  modelFile: string;
  targets: readonly Target[];
  scenarios: readonly Scenario[];
  comparison: Comparison;
  /** Folders whose packages `--with-peers` installs. */
  peerFolders: readonly string[];
}

const listed = (items: readonly { name: string }[]): string => items.map(({ name }) => name).join(", ");

const usageOf = ({ command, about, targets, scenarios, peerFolders }: Bench): string => {
  const onDemand = listed(scenarios.filter((scenario) => scenario.onDemand));
  return `Usage: ${command} -- [options]

${about}

  --targets a,b     ${listed(targets)} (all)
  --scenarios a,b   start, ${listed(scenarios)} (all${onDemand === "" ? "" : `, without ${onDemand}`})
  --rounds n        how often each is measured; the table shows medians (3)
${peerFolders.length === 0 ? "" : "  --with-peers      installs the packages of the peers, then runs\n"}  --write           writes the table into docs/performance.md
  --date d          date of the figures (today)
  --patience s      seconds that may go into waiting for a quiet machine (30)
`;
};

const page = join(import.meta.dirname, "../docs/performance.md");

/** The named ones in the order of the list; without names all but those on demand. */
const choose = <Item extends { name: string; onDemand?: boolean }>(
  kind: string,
  list: readonly Item[],
  names: string | undefined,
) => {
  const wanted = names?.split(",") ?? list.filter(({ onDemand }) => !onDemand).map(({ name }) => name);
  const unknown = wanted.find((name) => !list.some((item) => item.name === name));
  if (unknown !== undefined) {
    throw new Error(`'${unknown}' is no ${kind}: choose from ${listed(list)}`);
  }
  return list.filter(({ name }) => wanted.includes(name));
};

const positive = (name: string, text: string): number => {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} is '${text}': give a number above 0`);
  return value;
};

const tell = (text: string) => process.stderr.write(`${text}\n`);

const run = async (bench: Bench): Promise<void> => {
  const { command, modelFile, targets, scenarios, comparison, peerFolders } = bench;
  const { values } = parseArgs({
    options: {
      targets: { type: "string" },
      scenarios: { type: "string" },
      rounds: { type: "string", default: "3" },
      "with-peers": { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      date: { type: "string", default: new Date().toISOString().slice(0, 10) },
      patience: { type: "string", default: "30" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usageOf(bench));
    return;
  }
  for (const folder of values["with-peers"] ? peerFolders : []) {
    execFileSync("npm", ["ci", "--ignore-scripts", "--prefix", folder], { stdio: "inherit" });
  }

  const wanted = choose("target", targets, values.targets);
  const leftOut = wanted.flatMap(({ name, missing }) => {
    const reason = missing?.();
    return reason === undefined ? [] : [{ name, reason: `${name}, because ${reason}` }];
  });
  const chosen = choose("scenario", [{ name: "start" }, ...scenarios], values.scenarios).map(
    ({ name }) => name,
  );
  const measured = scenarios.filter(({ name }) => chosen.includes(name));
  const rounds = positive("rounds", values.rounds);

  const cores = takeCores();
  const folder = mkdtempSync(join(tmpdir(), "muxi-bench-"));
  const linesFile = join(folder, "lines.jsonl");
  const lines = await runSuite({
    targets: wanted.filter(({ name }) => !leftOut.some((target) => target.name === name)),
    scenarios: measured,
    withStart: chosen.includes("start"),
    rounds,
    cores,
    modelFile,
    folder,
    linesFile,
    patienceMs: positive("patience", values.patience) * 1000,
    tell,
  });

  const text = report({
    lines,
    scenarios: measured,
    comparison,
    rounds,
    leftOut: leftOut.map(({ reason }) => reason),
    date: values.date,
    built: isBuilt(),
  });
  process.stdout.write(`\n${text}\n\n`);
  tell(`Every measurement is in ${linesFile}`);
  if (values.write) writeFigures(page, `${command} -- --write`, text);
};

/** Measures what the arguments of this process ask for. */
export const runBench = async (bench: Bench): Promise<void> => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      void stopAll().finally(() => process.exit(130));
    });
  }
  try {
    await run(bench);
  } catch (error) {
    process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
    await stopAll();
  }
};
