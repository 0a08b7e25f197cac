import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Path } from "./base/index.ts";
import { resolveInside, systemCode } from "./base/index.ts";
import { type ComponentKind, componentTemplates } from "./component-template.ts";
import { declareComponent } from "./manifest-edit.ts";
import { normalizeName } from "./names.ts";

/**
 * The manifest's lists, for the kinds that it declares (docs/spec/formation-files.md
 * "Declared and found components").
 */
const declaredAt: Partial<Record<ComponentKind, Path>> = {
  agent: ["agents"],
  mcp: ["mcp", "servers"],
  a2a: ["a2a", "outbound", "services"],
};

export interface CreatedComponent {
  id: string;
  /** Relative to the formation folder. */
  file: string;
}

const folderOf = async (dir: string, folders: readonly string[]): Promise<string> => {
  for (const folder of folders) if ((await resolveInside(dir, folder)) !== undefined) return folder;
  return folders.at(-1) ?? ".";
};

/**
 * Creates the file of a new component and adds it to the manifest's list, where there is one (docs/spec/cli.md
 * "muxi new").
 *
 * @throws Error when the name cannot become an id, or the file exists.
 */
export const createComponent = async (
  dir: string,
  kind: ComponentKind,
  name: string,
): Promise<CreatedComponent> => {
  const id = normalizeName(name);
  const { folders, extension, text } = componentTemplates[kind];
  const file = `${await folderOf(dir, folders)}/${id}${extension}`;
  const path = join(dir, file);
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(path, text(id), { flag: "wx" });
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
    throw new Error(`${file} already exists: choose another name or remove it`);
  }
  const list = declaredAt[kind];
  if (list) await declareComponent(dir, list, id);
  return { id, file };
};
