import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { createAtomically, writeAtomically } from "../base/index.ts";
import { decryptFernet, encryptFernet, FernetError, newFernetKey } from "./fernet.ts";
import { readIfThere, SecretsError, secretFiles } from "./files.ts";
import { findSecretName, normalizeSecretName } from "./names.ts";
import { editTemplate } from "./template.ts";

/** The secrets of a formation folder. Names are normalised before they are compared: `MY_API_KEY`. */
export interface Secrets {
  /** Sorted. */
  names(): string[];
  /** The value; `GitHubToken` also finds `GITHUB_TOKEN`. */
  get(name: string): string | undefined;
  /**
   * Stores a value and lists its name in the template `secrets`. Both are on disk when the promise resolves.
   *
   * @throws SecretsError when the name contains no letter or digit.
   */
  set(name: string, value: string): Promise<void>;
  /**
   * Stores a value as `set` does, unless the name is in use.
   *
   * @returns False when it is; nothing has changed then.
   */
  create(name: string, value: string): Promise<boolean>;
  /** Removes a value and its line in the template. Returns false when there was no such value. */
  delete(name: string): Promise<boolean>;
  /** Reads the file again, to pick up the changes of other processes. */
  reload(): Promise<Reloaded>;
}

/** Names by what a reload changed, each list sorted: new, with another value, unchanged. */
export interface Reloaded {
  added: string[];
  overwritten: string[];
  preserved: string[];
}

/** For files that do not fit together. */
const restore = {
  hint: `Copy ${secretFiles.key} and ${secretFiles.encrypted} from where they were made, or delete ${secretFiles.encrypted} and set each secret again: muxi secrets set NAME`,
};

const valuesSchema = z.record(z.string(), z.string());

const parseValues = (text: string): Map<string, string> => {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    // The parser's own error quotes the content.
    throw new SecretsError(secretFiles.encrypted, "does not contain JSON after decryption", restore);
  }
  const parsed = valuesSchema.safeParse(data);
  if (!parsed.success) {
    throw new SecretsError(secretFiles.encrypted, "must contain one JSON object of names and texts", restore);
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
      restore,
    );
  }
  try {
    return parseValues(decryptFernet(key, token));
  } catch (error) {
    if (!(error instanceof FernetError)) throw error;
    const message = `cannot be decrypted with ${secretFiles.key}: ${error.message}`;
    throw new SecretsError(secretFiles.encrypted, message, { cause: error, ...restore });
  }
};

/** The folder's key, created on first use. When another process creates it at the same time, its file counts. */
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

  let last: Promise<unknown> = Promise.resolve();

  /** Runs changes one after the other: two at once would start from the same content. A failure reaches only its caller. */
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = last.then(work, work);
    last = result;
    return result;
  };

  /** @param edit Returns false to change nothing. */
  const change = (edit: (values: Map<string, string>) => boolean, name: string, isListed: boolean) =>
    inTurn(async () => {
      // Read again, to keep what another process has stored meanwhile.
      const changed = await readValues(dir);
      if (!edit(changed)) {
        values = changed;
        return false;
      }
      const token = encryptFernet(await ensureKey(dir), JSON.stringify(Object.fromEntries(changed)));
      await writeAtomically(join(dir, secretFiles.encrypted), token, 0o600);
      values = changed;
      await editTemplate(dir, isListed ? { add: [name] } : { remove: [name] });
      return true;
    });

  const storedName = (name: string): string => {
    const normalized = normalizeSecretName(name);
    if (normalized === "") {
      throw new SecretsError(secretFiles.encrypted, "the name of a secret needs a letter or a digit");
    }
    return normalized;
  };

  return {
    names: () => [...values.keys()].sort(),
    get: (name) => {
      const stored = findSecretName([...values.keys()], name);
      return stored === undefined ? undefined : values.get(stored);
    },
    set: async (name, value) => {
      const normalized = storedName(name);
      await change((changed) => changed.set(normalized, value).has(normalized), normalized, true);
    },
    create: async (name, value) => {
      const normalized = storedName(name);
      const add = (changed: Map<string, string>) =>
        !changed.has(normalized) && changed.set(normalized, value).has(normalized);
      return change(add, normalized, true);
    },
    delete: (name) => {
      const normalized = normalizeSecretName(name);
      return change((changed) => changed.delete(normalized), normalized, false);
    },
    reload: () =>
      inTurn(async () => {
        const before = values;
        values = await readValues(dir);
        const names = [...values.keys()].sort();
        return {
          added: names.filter((name) => !before.has(name)),
          overwritten: names.filter((name) => before.has(name) && before.get(name) !== values.get(name)),
          preserved: names.filter((name) => before.get(name) === values.get(name)),
        };
      }),
  };
};
