import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { type Finding, type Formation, loadFormation, openFormation, type Report } from "../src/index.ts";

/** A temporary folder with these files, removed when the test ends. */
export const folder = async (files: Record<string, string>): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), "muxi-formation-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, file)), { recursive: true });
    await writeFile(join(dir, file), text);
  }
  return dir;
};

/** `${{ secrets.NAME }}`, which a linter takes for a mistake. */
export const ref = (inner: string): string => `\${{ ${inner} }}`;

/** The fields that every manifest needs, and more below them. */
export const manifest = (more = ""): string =>
  `schema: "1.0.0"\nid: my-bot\ndescription: A bot for tests\n${more}`;

/** An agent that is in order, and more below it. */
export const agent = (id: string, more = ""): string =>
  `schema: "1.0.0"\nid: ${id}\nname: Agent ${id}\ndescription: Knows about ${id}\n${more}`;

export const server = (id: string, more = ""): string =>
  `schema: "1.0.0"\nid: ${id}\ndescription: Serves ${id}\ntype: command\ncommand: node\n${more}`;

export const load = async (files: Record<string, string>): Promise<Formation> =>
  openFormation(await folder(files));

export const reportOf = async (files: Record<string, string>): Promise<Report> =>
  (await loadFormation(await folder(files))).report;

/** Findings as `file → path: message`, which is what a reader compares. */
export const brief = (findings: readonly Finding[]): string[] =>
  findings.map(({ file, path, message }) => `${file}${path && ` → ${path}`}: ${message}`);
