import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isSystemError, writeAtomically } from "@muxi/formation";
import { parse, stringify, YAMLParseError } from "yaml";
import type * as z from "zod";
import type { Context } from "../base/context.ts";
import { CliError } from "../base/errors.ts";

/** The path of a file in `MUXI_CLI_DIR`, by default `~/.muxi/cli`. */
export const cliFile = ({ env, home }: Pick<Context, "env" | "home">, name: string): string =>
  join(env.MUXI_CLI_DIR || join(home, ".muxi", "cli"), name);

/**
 * Reads a YAML file; undefined if it does not exist or is empty.
 *
 * @throws CliError if its content does not match the schema.
 */
export const readYaml = async <Value>(file: string, schema: z.ZodType<Value>): Promise<Value | undefined> => {
  let data: unknown;
  try {
    data = parse(await readFile(file, "utf8"), { prettyErrors: false });
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    if (!(error instanceof YAMLParseError)) throw error;
    throw new CliError(`${file} is not valid YAML`, { detail: [error.message], hint: "Repair or delete it" });
  }
  if (data === null) return undefined;
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  throw new CliError(`${file} cannot be used`, {
    detail: parsed.error.issues.map(
      ({ path, message }) => `${path.join(".") || "the whole file"}: ${message}`,
    ),
    hint: "Repair or delete it",
  });
};

/** Replaces a file that may contain keys: readable only by its owner. */
export const writePrivate = async (file: string, text: string): Promise<void> => {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeAtomically(file, text, 0o600);
};

/** As `writePrivate`, for a value. */
export const writeYaml = async (file: string, value: unknown): Promise<void> =>
  writePrivate(file, stringify(value));
