import { openSecrets, type Secrets, SecretsError } from "@muxi/formation";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { formationFolder } from "../../target/index.ts";
import type { OutputFormat } from "../../ui/index.ts";

export interface SecretsOptions {
  output: OutputFormat;
}

/** The secrets of the formation of the current folder. */
export const openHere = async (context: Context): Promise<{ folder: string; secrets: Secrets }> => {
  const folder = await formationFolder(context, undefined);
  try {
    return { folder, secrets: await openSecrets(folder) };
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    throw new CliError("The secrets cannot be read", {
      detail: [`${error.file} ${error.message}`],
      ...(error.hint !== undefined && { hint: error.hint }),
      cause: error,
    });
  }
};
