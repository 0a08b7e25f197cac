import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isSystemError, writeAtomically } from "@muxi/formation";
import { parse, stringify, YAMLParseError } from "yaml";
import type * as z from "zod";
import type { Context } from "../base/context.ts";
import { CliError } from "../base/errors.ts";

/** A file of `~/.muxi/cli`, or of `MUXI_CLI_DIR` in its place. */
export const cliFile = ({ env, home }: Pick<Context, "env" | "home">, name: string): string =>
  join(env.MUXI_CLI_DIR || join(home, ".muxi", "cli"), name);

/**
 * Reads a YAML file, or gives undefined when it does not exist or is empty.
 *
 * @throws CliError when it holds something else than the schema expects.
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

/** Writes a file that may hold keys: for its owner alone, and never half. */
export const writeYaml = async (file: string, value: unknown): Promise<void> => {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeAtomically(file, stringify(value), 0o600);
};
