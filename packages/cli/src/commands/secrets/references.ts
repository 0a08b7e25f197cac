import {
  editTemplate,
  findSecretName,
  findSecretReferences,
  type SecretReference,
  type Secrets,
  templateNames,
} from "@muxi/formation";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { agree, ask } from "../../prompts/index.ts";
import { createUi, type Ui } from "../../ui/index.ts";
import { openHere, type SecretsOptions } from "./open.ts";

export interface SetupOptions extends SecretsOptions {
  /** Shows what would change, without changing it. */
  dryRun: boolean;
}

export interface SyncOptions extends SetupOptions {
  /** Asks before each removal. */
  interactive: boolean;
  /** False: does not ask for missing values. */
  setup: boolean;
}

const missingIn = (secrets: Secrets, references: readonly SecretReference[]): SecretReference[] =>
  references.filter(({ name }) => findSecretName(secrets.names(), name) === undefined);

const describe = ({ name, files }: SecretReference): string => `${name} (${files.join(", ")})`;

/** Asks for each missing value. An empty answer skips it. */
const askForMissing = async (
  ui: Ui,
  secrets: Secrets,
  missing: readonly SecretReference[],
): Promise<string[]> => {
  if (missing.length > 0 && !ui.canAsk) {
    throw new CliError(`${missing.length} secret(s) are not set`, {
      detail: missing.map(describe),
      hint: missing.map(({ name }) => `muxi secrets set ${name}`).join("\n"),
    });
  }
  const stored: string[] = [];
  for (const reference of missing) {
    const message = `Value of ${describe(reference)} (leave empty to set it later)`;
    const value = await ask(ui, { message, secret: true, flag: "muxi secrets set" });
    if (value === undefined) break;
    if (value === "") continue;
    await secrets.set(reference.name, value);
    stored.push(reference.name);
  }
  return stored;
};

/**
 * `muxi secrets setup` (docs/spec/cli.md "muxi secrets"): asks for all secrets that the formation refers to and that
 * are not set.
 */
export const setupSecrets = async (context: Context, { output, dryRun }: SetupOptions): Promise<number> => {
  const ui = createUi(context, output);
  const { folder, secrets } = await openHere(context);
  const missing = missingIn(secrets, await findSecretReferences(folder));
  if (missing.length === 0 || dryRun) {
    ui.data({ missing, stored: [] });
    for (const reference of missing) ui.line(`Would ask for ${describe(reference)}`);
    if (missing.length === 0) ui.success("All secrets that the formation refers to are set");
    return 0;
  }
  const stored = await askForMissing(ui, secrets, missing);
  const left = missing.filter(({ name }) => !stored.includes(name));
  ui.data({ missing: left, stored });
  ui.success(`Stored ${stored.length} secret(s), encrypted`);
  if (left.length > 0) ui.warning("Still missing:", left.map(describe));
  return 0;
};

/**
 * `muxi secrets sync` (docs/spec/cli.md "muxi secrets"): makes the template list exactly the secrets that the files
 * refer to.
 */
export const syncSecrets = async (
  context: Context,
  { output, dryRun, interactive, setup }: SyncOptions,
): Promise<number> => {
  const ui = createUi(context, output);
  const { folder, secrets } = await openHere(context);
  const references = await findSecretReferences(folder);
  const names = references.map(({ name }) => name);
  const listed = await templateNames(folder);
  const added = names.filter((name) => !listed.includes(name));
  const removed: string[] = [];
  for (const name of listed.filter((one) => !names.includes(one))) {
    const keep = interactive && !dryRun && !(await agree(ui, `Remove ${name} from the template?`, "no -i"));
    if (!keep) removed.push(name);
  }
  if (!dryRun) await editTemplate(folder, { add: added, remove: removed });
  ui.data({ added, removed, dry_run: dryRun });
  for (const name of added) ui.line(`${dryRun ? "Would add" : "Added"} ${name}`);
  for (const name of removed) ui.line(`${dryRun ? "Would remove" : "Removed"} ${name}`);
  if (added.length + removed.length === 0) ui.success("The template is up to date");
  const missing = missingIn(secrets, references);
  if (dryRun || !setup || missing.length === 0) return 0;
  if (ui.canAsk) await askForMissing(ui, secrets, missing);
  else ui.warning("Not set yet:", missing.map(describe));
  return 0;
};
