import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isMissing, systemCode } from "../base/index.ts";

export const secretFiles = { key: ".key", encrypted: "secrets.enc", template: "secrets" } as const;

/** Secrets cannot be read or changed. The message never contains content. */
export class SecretsError extends Error {
  override readonly name = "SecretsError";
  /** The file at fault, relative to the formation folder. */
  readonly file: string;
  /** What to do about it. */
  readonly hint: string | undefined;

  constructor(file: string, message: string, { hint, ...options }: ErrorOptions & { hint?: string } = {}) {
    super(message, options);
    this.file = file;
    this.hint = hint;
  }
}

export const readIfThere = async (dir: string, file: string): Promise<string | undefined> => {
  try {
    return await readFile(join(dir, file), "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new SecretsError(file, `cannot be read (${systemCode(error)})`, { cause: error });
  }
};
