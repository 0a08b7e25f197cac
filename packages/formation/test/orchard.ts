import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { formatReport, loadFormation, openSecrets, type Report } from "../src/index.ts";
import { folder, ref } from "./folder.ts";

const manifest = `schema: "1.0.0"
id: orchard
description: Answers questions about an orchard
version: "1.0.0"
server:
  port: 8001
  api_keys:
    client_key: fmc_orchard
    admin_key: fma_orchard
llm:
  api_keys:
    openai: "${ref("secrets.OPENAI_API_KEY")}"
  models:
    - text: openai/gpt-4o-mini
overlord:
  soul: Warm and brief
memory:
  buffer:
    size: 20
async:
  webhook_url: https://shop.example/hooks
logging:
  conversation:
    streams:
      - transport: stdout
mcp:
  servers: [stock, weather]
agents: [grower]
`;

const grower = `schema: "1.0.0"
id: grower
name: Grower
description: Knows apple varieties and pruning
system_message: Answer as an orchard keeper.
specialties: [apples, pruning]
mcp_servers:
  - stock
  - id: weather
    tools: { allow: ["read_*"] }
knowledge:
  sources:
    - path: knowledge
      description: Varieties
`;

const stock = `schema: "1.0.0"
id: stock
description: Warehouse counts
type: command
command: node
args: [tools/stock.mjs]
`;

const weather = `schema: "1.0.0"
id: weather
description: Forecasts
type: http
endpoint: https://weather.example/mcp
auth:
  type: bearer
  token: "${ref("secrets.WEATHER_TOKEN")}"
`;

const frost = `---
type: sop
name: Frost alarm
tags: [frost]
---
## Steps
1. Read the forecast [agent:grower]
2. Warn the staff as in [file:staff.txt]
`;

const harvest = `---
model: openai/gpt-4o-mini
---
The harvest of ${ref("data.field")} is in.
Say so in one sentence.
`;

const losses = `---
name: losses
description: Computes losses
---
How to do it.
`;

const files: Readonly<Record<string, string>> = {
  "formation.afs": manifest,
  "agents/grower.afs": grower,
  "mcp/stock.afs": stock,
  "mcp/weather.afs": weather,
  "tools/stock.mjs": "",
  "sops/frost.md": frost,
  "sops/staff.txt": "Ann, Ben",
  "triggers/harvest.md": harvest,
  "skills/losses/SKILL.md": losses,
  "knowledge/varieties.md": "# Varieties\nElstar keeps until spring.\n",
};

const readSecrets = async (): Promise<Record<string, string>> => {
  const dir = await folder({});
  const secrets = await openSecrets(dir);
  await secrets.set("OPENAI_API_KEY", "sk-orchard");
  await secrets.set("WEATHER_TOKEN", "wt-orchard");
  const read = async (name: string) => [name, await readFile(join(dir, name), "utf8")] as const;
  return Object.fromEntries(await Promise.all([".key", "secrets.enc"].map(read)));
};

let secretFiles: Promise<Record<string, string>> | undefined;

/** A change of a formation's file: a text in it, and what is written instead; a whole file, which may be new. */
export type Change =
  | { file: string; replace: string; by: string }
  | { file: string; text: string | undefined };

/** The files of a formation in which nothing is wrong, with one change. */
export const orchardWith = async (change?: Change): Promise<Record<string, string>> => {
  secretFiles ??= readSecrets();
  const all: Record<string, string> = { ...files, ...(await secretFiles) };
  if (!change) return all;
  const { file } = change;
  const { [file]: text = "", ...others } = all;
  if (!("replace" in change)) return change.text === undefined ? others : { ...others, [file]: change.text };
  if (!text.includes(change.replace)) throw new Error(`${file} has no ${change.replace}`);
  return { ...others, [file]: text.replace(change.replace, () => change.by) };
};

const inFile =
  (file: string) =>
  (replace: string, by: string): Change => ({ file, replace, by });

export const inManifest = inFile("formation.afs");
export const inAgent = inFile("agents/grower.afs");
export const inStock = inFile("mcp/stock.afs");
export const inWeather = inFile("mcp/weather.afs");
export const inSop = inFile("sops/frost.md");
export const inTrigger = inFile("triggers/harvest.md");
export const inSkill = inFile("skills/losses/SKILL.md");

/** A line at the end of the manifest, whose number is 29. */
export const atEnd = (line: string): Change =>
  inManifest("agents: [grower]\n", `agents: [grower]\n${line}\n`);

export const newFile = (file: string, text = "x"): Change => ({ file, text });

/** What is said of the formation with one change, as `validate`, `up`, `deploy` and the log get it. */
export const findingsOf = async (change?: Change): Promise<Report> => {
  const { report } = await loadFormation(await folder(await orchardWith(change)));
  return { ...report, suggestions: [] };
};

/** A mistake with where it is found, and parts of what is said, the remedy among them. */
export type Mistake = [mistake: string, change: Change, place: string, ...says: string[]];

/** Expects a finding at the place that says all of this, and a remedy from every finding. */
export const expectFinding = async (
  change: Change,
  place: string,
  says: readonly string[],
): Promise<void> => {
  const report = await findingsOf(change);
  const lines = formatReport(report).join("\n");
  const findings = lines.split(/^(?= {2}\S)/m).filter((finding) => finding.startsWith(`  ${place}\n`));
  expect(findings, lines).not.toEqual([]);
  for (const said of says) expect(findings.join("\n")).toContain(said);
  for (const { hint } of [...report.errors, ...report.warnings]) expect(hint, lines).toBeTruthy();
};
