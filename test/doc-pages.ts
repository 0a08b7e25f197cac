import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import type { World } from "../packages/cli/test/helpers.ts";

const root = path.join(import.meta.dirname, "..");

export const readDoc = (page: string): Promise<string> => readFile(path.join(root, "docs", page), "utf8");

interface Block {
  language: string;
  /** What stands behind the language: the name of the file that it is, or another mark. */
  name: string;
  content: string;
}

export const blocksOf = (page: string): Block[] =>
  [...page.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)].map(
    ([, language = "", name = "", content = ""]) => ({ language, name, content }),
  );

const lineOf = ({ language, name, content }: Block): string => {
  if (language === "sh" && name === "") return content;
  if (!name.includes(".")) return "";
  return `mkdir -p "$(dirname ${name})"\ncat > ${name} <<'END_OF_FILE'\n${content}END_OF_FILE\n`;
};

/** What a page says to do, as one script: its commands, and the files that it shows, in their order. */
export const scriptOf = (page: string): string => blocksOf(page).map(lineOf).join("");

/** Runs a script of a page, whose `npx muxi` is the command of this repository, on the server of a world. */
export const runAsWritten = async (world: World, script: string): Promise<string> => {
  const muxi = path.join(root, "packages/cli/bin/muxi.js");
  const npx = `npx() { shift; "${process.execPath}" "${muxi}" "$@"; }`;
  const { stdout } = await promisify(execFile)("bash", ["-c", `set -eu\n${npx}\n${script}`], {
    cwd: world.home,
    env: world.env,
  });
  return stdout;
};
