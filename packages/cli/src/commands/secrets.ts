import { text as readAll } from "node:stream/consumers";
import { isCancel, password } from "@clack/prompts";
import { openSecrets, type Secrets, SecretsError } from "@muxi/formation";
import type { Context } from "../context.ts";
import { CliError } from "../errors.ts";
import { formationFolder } from "../formation-folder.ts";
import { createUi, type OutputFormat } from "../ui/index.ts";

export interface SecretsOptions {
  output: OutputFormat;
}

const open = async (context: Context): Promise<Secrets> => {
  const folder = await formationFolder(context, undefined);
  try {
    return await openSecrets(folder);
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    throw new CliError("The secrets cannot be read", {
      detail: [`${error.file} ${error.message}`],
      cause: error,
    });
  }
};

const unknownSecret = (name: string): CliError =>
  new CliError(`There is no secret '${name}'`, { hint: "Run: muxi secrets list" });

export interface SecretsListOptions extends SecretsOptions {
  withValues: boolean;
}

/** `muxi secrets list` (contract/cli.md 5): the names of what is stored. */
export const listSecrets = async (
  context: Context,
  { output, withValues }: SecretsListOptions,
): Promise<number> => {
  const ui = createUi(context, output);
  const secrets = await open(context);
  const stored = secrets.names();
  ui.data({
    secrets: stored.map((name) => ({ name, ...(withValues && { value: secrets.get(name) }) })),
  });
  if (stored.length === 0) ui.line("No secrets are stored. Store one with: muxi secrets set NAME");
  for (const name of stored) ui.line(withValues ? `${name}=${secrets.get(name)}` : name);
  return 0;
};

/** `muxi secrets get`: the bare value, for scripts. */
export const getSecret = async (context: Context, name: string): Promise<number> => {
  const value = (await open(context)).get(name);
  if (value === undefined) throw unknownSecret(name);
  context.stdout.write(`${value}\n`);
  return 0;
};

const askForValue = async ({ stdin }: Context, name: string): Promise<string | undefined> => {
  // One line break at the end belongs to `echo`, not to the value.
  if (!stdin.isTTY) return (await readAll(stdin)).replace(/\r?\n$/, "");
  const answer = await password({ message: `Value of ${name}` });
  return isCancel(answer) ? undefined : answer;
};

/** `muxi secrets set`: the value comes from the argument, from piped input or from a hidden prompt. */
export const setSecret = async (
  context: Context,
  name: string,
  given: string | undefined,
  { output }: SecretsOptions,
): Promise<number> => {
  const ui = createUi(context, output);
  const secrets = await open(context);
  const value = given ?? (await askForValue(context, name));
  if (value === undefined) {
    ui.line("Cancelled.");
    return 0;
  }
  if (value === "") throw new CliError(`The secret '${name}' needs a value`);
  await secrets.set(name, value);
  ui.data({ name });
  ui.success(`Stored ${name}, encrypted`);
  return 0;
};

/** `muxi secrets delete` */
export const deleteSecret = async (
  context: Context,
  name: string,
  { output }: SecretsOptions,
): Promise<number> => {
  const ui = createUi(context, output);
  if (!(await (await open(context)).delete(name))) throw unknownSecret(name);
  ui.data({ name });
  ui.success(`Deleted ${name}`);
  return 0;
};
