import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { createAtomically, writeAtomically } from "../atomic.ts";
import { decryptFernet, encryptFernet, FernetError, newFernetKey } from "./fernet.ts";
import { readIfThere, SecretsError, secretFiles } from "./files.ts";
import { findSecretName, normalizeSecretName } from "./names.ts";
import { editTemplate } from "./template.ts";

/** The secrets of one formation folder. Names are compared in their stored form, `MY_API_KEY`. */
export interface Secrets {
  /** Sorted. */
  names(): string[];
  /** Also gives `GITHUB_TOKEN` for `GitHubToken`. */
  get(name: string): string | undefined;
  /**
   * Stores a value, on disk when the promise resolves, and names it in the template `secrets`.
   *
   * @throws SecretsError when the name holds no letter or digit.
   */
  set(name: string, value: string): Promise<void>;
  /** Removes a value and its line in the template; false when there was none. */
  delete(name: string): Promise<boolean>;
}

const valuesSchema = z.record(z.string(), z.string());

const parseValues = (text: string): Map<string, string> => {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    // The parser's own error quotes the content.
    throw new SecretsError(secretFiles.encrypted, "does not hold JSON once decrypted");
  }
  const parsed = valuesSchema.safeParse(data);
  if (!parsed.success) {
    throw new SecretsError(secretFiles.encrypted, "must hold one JSON object of names and texts");
  }
  return new Map(Object.entries(parsed.data).map(([name, value]) => [normalizeSecretName(name), value]));
};

const readValues = async (dir: string): Promise<Map<string, string>> => {
  const token = await readIfThere(dir, secretFiles.encrypted);
  if (token === undefined) return new Map();
  const key = await readIfThere(dir, secretFiles.key);
  if (key === undefined) {
    throw new SecretsError(
      secretFiles.key,
      `is missing, and ${secretFiles.encrypted} cannot be read without it`,
    );
  }
  try {
    return parseValues(decryptFernet(key, token));
  } catch (error) {
    if (!(error instanceof FernetError)) throw error;
    const message = `cannot be decrypted with ${secretFiles.key}: ${error.message}`;
    throw new SecretsError(secretFiles.encrypted, message, { cause: error });
  }
};

/** The folder's key, made on first use. Another process may make it at the same time: the file that is there counts. */
const ensureKey = async (dir: string): Promise<string> => {
  const existing = await readIfThere(dir, secretFiles.key);
  if (existing !== undefined) return existing;
  const path = join(dir, secretFiles.key);
  await createAtomically(path, `${newFernetKey()}\n`, 0o600);
  return readFile(path, "utf8");
};

/**
 * Opens the secrets of a formation folder: `secrets.enc`, decrypted with `.key`. A folder without them has none.
 *
 * @throws SecretsError when they cannot be decrypted.
 */
export const openSecrets = async (dir: string): Promise<Secrets> => {
  let values = await readValues(dir);

  let last: Promise<void> = Promise.resolve();

  const change = (edit: (values: Map<string, string>) => void, name: string, isListed: boolean) => {
    const work = async () => {
      // Read again, so that what another process stored meanwhile stays.
      const changed = await readValues(dir);
      edit(changed);
      const token = encryptFernet(await ensureKey(dir), JSON.stringify(Object.fromEntries(changed)));
      await writeAtomically(join(dir, secretFiles.encrypted), token, 0o600);
      values = changed;
      await editTemplate(dir, isListed ? { add: [name] } : { remove: [name] });
    };
    // One after the other: two at once would both start from the same content. A failed one fails for its caller.
    last = last.then(work, work);
    return last;
  };

  return {
    names: () => [...values.keys()].sort(),
    get: (name) => {
      const stored = findSecretName([...values.keys()], name);
      return stored === undefined ? undefined : values.get(stored);
    },
    set: async (name, value) => {
      const normalized = normalizeSecretName(name);
      if (normalized === "") {
        throw new SecretsError(secretFiles.encrypted, "a secret's name needs a letter or a digit");
      }
      await change((changed) => changed.set(normalized, value), normalized, true);
    },
    delete: async (name) => {
      const normalized = normalizeSecretName(name);
      if (!values.has(normalized)) return false;
      await change((changed) => changed.delete(normalized), normalized, false);
      return true;
    },
  };
};
