import {
  bumpVersion,
  isVersion,
  setManifestVersion,
  summarizeManifest,
  type VersionPart,
} from "@muxi/formation";
import type { Context } from "../base/context.ts";
import { CliError } from "../base/errors.ts";
import { formationFolder } from "../target/index.ts";
import { createUi, type OutputFormat, showWarnings } from "../ui/index.ts";

export interface BumpOptions {
  output: OutputFormat;
  /** Sets this version instead of increasing it. */
  set?: string;
}

/** `muxi bump` (docs/spec/cli.md "muxi bump"). */
export const bump = async (
  context: Context,
  part: VersionPart,
  { output, set }: BumpOptions,
): Promise<number> => {
  const ui = createUi(context, output);
  const folder = await formationFolder(context, undefined);
  const summary = await summarizeManifest(folder);
  if (!summary) {
    throw new CliError("The manifest cannot be read", { hint: `Run: muxi validate ${folder}` });
  }
  const before = summary.version;
  if (set !== undefined ? !isVersion(set) : before !== undefined && !isVersion(before)) {
    throw new CliError(`'${set ?? before}' is not a version of the form 1.2.3`, {
      hint: "Run: muxi bump --set 1.0.0",
    });
  }
  const after = set ?? bumpVersion(before, part);
  showWarnings(summary, ui);
  await setManifestVersion(folder, after);
  ui.data({ formation_id: summary.id ?? null, old_version: before ?? null, new_version: after });
  ui.success("Formation version updated!");
  ui.line(`  ${before ?? "(none)"} => ${after}`);
  return 0;
};
