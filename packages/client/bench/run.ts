import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeFigures } from "../../../bench/page.ts";
import { chatEvents, type Figures } from "./measure.ts";
import { type Line, report } from "./report.ts";
import { byHand, loadPeers, ours, oursOnNode, parserAlone, peersFolder } from "./subjects.ts";

const usage = `Usage: npm run bench -w muxi-client -- [options]

Measures the SDK beside a fetch with a parser written by hand and, once they are installed, other SDKs.

  --rounds n        how often each is measured; the table shows medians (1)
  --with-peers      installs the other SDKs, then runs
  --write           writes the table into docs/performance.md
  --date d          date of the figures (today)
`;

const root = join(import.meta.dirname, "../../..");
const built = join(import.meta.dirname, "../dist/index.js");

const tell = (text: string) => process.stderr.write(`${text}\n`);

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "1" },
    "with-peers": { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    date: { type: "string", default: new Date().toISOString().slice(0, 10) },
    help: { type: "boolean", short: "h", default: false },
  },
});

const measureInWorker = (subject: string, url: string): Figures => {
  const flags = ["--conditions=muxi-source", "--expose-gc", "--no-warnings"];
  const args = [...flags, join(import.meta.dirname, "worker.ts"), subject, url];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
};

/** Milliseconds of CPU that a fresh Node needs to import the built package, less those for an empty module. */
const importCost = (): number => {
  const costOf = (module: string): number => {
    const code = `const before = process.cpuUsage();
      await import(${JSON.stringify(module)});
      const { user, system } = process.cpuUsage(before);
      console.log((user + system) / 1000);`;
    return Number(
      execFileSync(process.execPath, ["--input-type=module", "--eval", code], { encoding: "utf8" }),
    );
  };
  return costOf(built) - costOf("data:text/javascript,");
};

const run = async (): Promise<void> => {
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error(`--rounds is '${values.rounds}': give a whole number above 0`);
  }
  if (values["with-peers"]) execFileSync("npm", ["ci", "--prefix", peersFolder], { stdio: "inherit" });
  const peers = await loadPeers();
  if (peers.length === 0) tell("The other SDKs are not installed: --with-peers adds them");
  if (!existsSync(built)) tell("The package is not built, so its import is not measured: npm run build");

  const subjects = [byHand, parserAlone, ours, oursOnNode, ...peers];
  const lines: Line[] = [];
  const server = fork(join(import.meta.dirname, "server.ts"), [String(chatEvents)]);
  const [port] = await once(server, "message");
  // A round measures everyone, so that a busy minute does not meet one of them alone.
  for (let round = 1; round <= rounds; round++) {
    for (const { name } of subjects) {
      tell(`round ${round} of ${rounds}: ${name}`);
      const figures = measureInWorker(name, `http://127.0.0.1:${port}`);
      for (const [figure, value] of Object.entries(figures)) lines.push({ figure, subject: name, value });
    }
    if (existsSync(built)) lines.push({ figure: "import", subject: ours.name, value: importCost() });
  }
  server.disconnect();

  const text = report({ lines, subjects, rounds, date: values.date });
  process.stdout.write(`\n${text}\n\n`);
  if (values.write) {
    writeFigures(join(root, "docs/performance.md"), "npm run bench -w muxi-client -- --write", text);
  }
};

if (values.help) process.stdout.write(usage);
else await run();
