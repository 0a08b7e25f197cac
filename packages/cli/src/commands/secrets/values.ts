import { findSecretName, findSecretReferences } from "@muxi/formation";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { askSecret } from "../../prompts/index.ts";
import { explainFailure, formationTarget, type TargetOptions } from "../../target/index.ts";
import { createUi } from "../../ui/index.ts";
import { openHere, type SecretsOptions } from "./open.ts";

const unknownSecret = (name: string): CliError =>
  new CliError(`There is no secret '${name}'`, { hint: "Run: muxi secrets list" });

export interface SecretsListOptions extends SecretsOptions, TargetOptions {
  withValues: boolean;
  /** Reads them from the running formation instead of the files. */
  remote: boolean;
}

/** The API returns masked values only. */
const listRemote = async (context: Context, options: SecretsListOptions): Promise<number> => {
  const ui = createUi(context, options.output);
  const { formation, id, isDraft } = await formationTarget(context, options);
  const { secrets } = await formation.getSecrets().catch((error: unknown) => {
    throw explainFailure(error, { formationId: id, isDraft });
  });
  const names = Object.keys(secrets).sort();
  ui.data({ secrets: names.map((name) => ({ name, set: true, masked: secrets[name] })) });
  if (names.length === 0) ui.line(`No secrets are stored in '${id}'`);
  for (const name of names) ui.line(`${name}=${secrets[name]}`);
  return 0;
};

/** `muxi secrets list` (docs/spec/cli.md "muxi secrets"): the names of stored and of missing secrets. */
export const listSecrets = async (context: Context, options: SecretsListOptions): Promise<number> => {
  if (options.remote) return listRemote(context, options);
  const { output, withValues } = options;
  const ui = createUi(context, output);
  const { folder, secrets } = await openHere(context);
  const stored = secrets.names();
  const referenced = (await findSecretReferences(folder)).map(({ name }) => name);
  const missing = referenced.filter((name) => findSecretName(stored, name) === undefined);
  const names = [...stored, ...missing].sort();
  const isSet = (name: string) => stored.includes(name);
  ui.data({
    secrets: names.map((name) => ({
      name,
      set: isSet(name),
      ...(withValues && isSet(name) && { value: secrets.get(name) }),
    })),
  });
  if (names.length === 0) ui.line("No secrets are stored. Store one with: muxi secrets set NAME");
  for (const name of names) {
    if (!isSet(name)) ui.line(`${name} ${ui.colours.yellow("(missing)")}`);
    else ui.line(withValues ? `${name}=${secrets.get(name)}` : name);
  }
  if (missing.length > 0) ui.line(ui.colours.dim("  Run: muxi secrets setup"));
  return 0;
};

/** `muxi secrets get`: prints only the value, for scripts. */
export const getSecret = async (
  context: Context,
  name: string,
  { output }: SecretsOptions,
): Promise<number> => {
  const ui = createUi(context, output);
  const value = (await openHere(context)).secrets.get(name);
  if (value === undefined) throw unknownSecret(name);
  ui.data({ name, value });
  ui.line(value);
  return 0;
};

/** `muxi secrets set`: takes the value from the argument, from piped input, or from a hidden prompt. */
export const setSecret = async (
  context: Context,
  name: string,
  given: string | undefined,
  { output }: SecretsOptions,
): Promise<number> => {
  const ui = createUi(context, output);
  const { secrets } = await openHere(context);
  const value = given ?? (await askSecret(context, `Value of ${name}`));
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
  if (!(await (await openHere(context)).secrets.delete(name))) throw unknownSecret(name);
  ui.data({ name });
  ui.success(`Deleted ${name}`);
  return 0;
};
