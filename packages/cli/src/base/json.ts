import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Context } from "./context.ts";
import { CliError } from "./errors.ts";

/** The value that a text holds; undefined when it is not JSON. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/**
 * The value of a file that the user has named; undefined when it is not JSON.
 *
 * @throws CliError when the file cannot be read.
 */
export const readJson = async ({ cwd }: Context, file: string): Promise<unknown> => {
  const path = resolve(cwd, file);
  const text = await readFile(path, "utf8").catch((error: Error) => {
    throw new CliError(`The file cannot be read: ${path}`, { detail: [error.message], cause: error });
  });
  return parseJson(text);
};
