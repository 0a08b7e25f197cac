import { readdir } from "node:fs/promises";
import { extname, sep } from "node:path";
import { isObject } from "@muxi/protocol";
import { isHidden, isMissing, type Mapping } from "./base/index.ts";
import { isSwitchedOff, readComponentFile } from "./component-files.ts";
import type { LoadContext } from "./load-context.ts";
import { isOff } from "./schema/effects.ts";
import { findingAt, type Place } from "./validate.ts";

const extensions: ReadonlySet<string> = new Set([".afs", ".yaml", ".yml", ".json"]);

const namesIn = async (folder: string): Promise<string[]> => {
  try {
    return (await readdir(folder, { recursive: true })).map((name) => name.split(sep).join("/"));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
};

/** Files of groups that are not switched off. One that cannot be read counts. */
const groupFiles = async (dir: string): Promise<string[]> => {
  const names = await namesIn(`${dir}/groups`);
  const files = names.filter((name) => extensions.has(extname(name)) && !isHidden(name)).sort();
  const read = await Promise.all(files.map((name) => readComponentFile(dir, `groups/${name}`)));
  return read.flatMap((file) => ("source" in file && isSwitchedOff(file.source.data) ? [] : [file.file]));
};

const reason =
  "restricts who may do what, which this runtime cannot enforce, so the formation does not start";

/**
 * Access control fails closed (docs/spec/formation-files.md "Access control"): a formation whose rules would not be
 * enforced has an error for each of them.
 *
 * @param manifest In its current form, references filled in.
 */
export const checkAccessControl = async (
  { dir, report }: LoadContext,
  manifest: Mapping,
  place: Place,
  hasFolders: boolean,
): Promise<void> => {
  const { rbac, middleware, groups } = manifest;
  const isDisabled = rbac === false || (isObject(rbac) && rbac.active === false);
  const files = hasFolders && !isDisabled ? await groupFiles(dir) : [];
  const refuse = (field: string, hint: string) => report.errors.push(findingAt(place, [field], reason, hint));

  // `auto` is on only where there are groups.
  const isIdle = isObject(rbac) && rbac.active === "auto" && files.length === 0 && isOff(groups);
  if (!isOff(rbac) && !isIdle) {
    refuse(
      "rbac",
      "Set rbac.active: false to run without these rules, and check who may call before you call the formation",
    );
  }
  if (!isOff(middleware)) {
    refuse(
      "middleware",
      "Remove it, or set active: false in it, and check who may call before you call the formation",
    );
  }
  if (!isDisabled && !isOff(groups)) refuse("groups", "Remove it, or set rbac.active: false");
  for (const file of files) {
    const hint = "Set active: false in it, or rbac.active: false in the manifest, to run without its rules";
    report.errors.push({ file, path: "", message: reason, hint });
  }
};
