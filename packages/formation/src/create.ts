import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { reservedFormationIds } from "@muxi/protocol";
import { systemCode } from "./base/index.ts";
import { findFormationDir } from "./find.ts";
import { splitModelId } from "./models.ts";
import { normalizeName } from "./names.ts";
import { newFernetKey, secretFiles } from "./secrets/index.ts";
import { templateFiles } from "./template.ts";

export interface CreateOptions {
  /** Folder to create. It must not exist yet. */
  dir: string;
  /** Becomes the id: `My Bot` is `my-bot`. */
  name: string;
  description?: string;
  /** `provider/name` of the text model. Without one the runtime's default model answers. */
  model?: string;
}

export interface CreatedFormation {
  /** Absolute path. */
  dir: string;
  id: string;
  /** Relative to `dir`, sorted. */
  files: string[];
}

const makeFolder = async (dir: string): Promise<void> => {
  await mkdir(dirname(dir), { recursive: true });
  try {
    await mkdir(dir);
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
    throw new Error(`${dir} already exists: choose another name or remove it`);
  }
};

/**
 * Creates the folder of a new formation, with one agent so that it can answer at once (docs/spec/cli.md "muxi new").
 *
 * @throws Error when the name cannot become an id, the folder exists, or it would be inside another formation.
 * Nothing is left behind then.
 */
export const createFormation = async (options: CreateOptions): Promise<CreatedFormation> => {
  const dir = resolve(options.dir);
  const id = normalizeName(options.name);
  if (reservedFormationIds.has(id))
    throw new Error(`'${id}' is reserved for a path of the server: choose another name`);
  const { model } = options;
  if (model !== undefined && !splitModelId(model)) {
    throw new Error(`'${model}' is not a model: write provider/name, for example openai/gpt-4o-mini`);
  }
  const outer = await findFormationDir(dirname(dir));
  if (outer !== undefined) {
    throw new Error(`${outer} is a formation, and a formation cannot hold another: run this elsewhere`);
  }
  const description = options.description?.trim() || `The ${id} formation`;
  const files = templateFiles({ id, description, model });
  await makeFolder(dir);
  try {
    for (const [file, text] of Object.entries(files)) {
      const path = join(dir, file);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }
    await writeFile(join(dir, secretFiles.key), `${newFernetKey()}\n`, { mode: 0o600 });
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
  return { dir, id, files: [...Object.keys(files), secretFiles.key].sort() };
};
