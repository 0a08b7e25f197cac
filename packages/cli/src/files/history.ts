import { readFile } from "node:fs/promises";
import { isSystemError } from "@muxi/formation";
import type { Context } from "../base/context.ts";
import { cliFile, writePrivate } from "./yaml-file.ts";

/** Limits of docs/spec/cli.md "Files of the user". */
export const mostMessages = 500;
const mostCharacters = 10_000;

const fileOf = (context: Pick<Context, "env" | "home">): string => cliFile(context, "history");

/** What was said in conversations of `muxi chat`, the newest first; each is one line. */
export const chatHistory = async (context: Pick<Context, "env" | "home">): Promise<string[]> => {
  try {
    const lines = (await readFile(fileOf(context), "utf8")).split("\n");
    return lines
      .filter((line) => line !== "")
      .slice(-mostMessages)
      .reverse();
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return [];
    throw error;
  }
};

/** Adds a line to the history, unless it is too long to be worth it. Other conversations add to the same file. */
export const rememberLine = async (context: Pick<Context, "env" | "home">, line: string): Promise<void> => {
  if (line.length > mostCharacters) return;
  const before = (await chatHistory(context)).filter((known) => known !== line);
  const lines = [line, ...before].slice(0, mostMessages).reverse();
  await writePrivate(fileOf(context), `${lines.join("\n")}\n`);
};
