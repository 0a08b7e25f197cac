import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { askSecret, confirmed } from "../../prompts/index.ts";
import { createUi } from "../../ui/index.ts";
import { type ChangeOptions, change } from "./change.ts";

/** `muxi credentials add`: stores a token of the user, which is asked for or piped in. */
export const addCredential = async (
  context: Context,
  service: string,
  { name, ...options }: ChangeOptions & { name?: string },
): Promise<number> => {
  const token = await askSecret(context, `Token of ${service}`);
  if (!token) throw new CliError("There is no token", { hint: "Enter it, or pipe it in" });
  return change(
    context,
    options,
    (formation) => formation.createCredential({ service, credential: { token }, name }),
    ({ credential_id: id, credential_preview: preview }) => `Added ${id}: ${preview}`,
  );
};

/** `muxi credentials delete`. */
export const deleteCredential = async (
  context: Context,
  credentialId: string,
  { force, ...options }: ChangeOptions & { force: boolean },
): Promise<number> => {
  if (!(await confirmed(createUi(context, options.output), `Delete ${credentialId}?`, force))) return 0;
  return change(
    context,
    options,
    (formation) => formation.deleteCredential({ credentialId }),
    () => `Deleted ${credentialId}`,
  );
};
