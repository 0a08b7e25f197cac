import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { createAtomically, isMissing, systemCode } from "./base/index.ts";
import type { Formation } from "./formation.ts";

export const keysFile = ".keys.json";

export interface ApiKeys {
  clientKey: string;
  adminKey: string;
  /** Whether at least one of them was generated rather than set in the manifest. */
  generated: boolean;
}

const generatedSchema = z.object({ client_key: z.string().min(16), admin_key: z.string().min(16) });

type GeneratedKeys = z.infer<typeof generatedSchema>;

const parseGenerated = (path: string, text: string): GeneratedKeys => {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    data = undefined; // The schema reports it, without the content.
  }
  const parsed = generatedSchema.safeParse(data);
  if (!parsed.success) {
    throw new Error(`${path} does not hold the generated API keys: delete it to generate new ones`);
  }
  return parsed.data;
};

const readGenerated = async (path: string): Promise<GeneratedKeys | undefined> => {
  try {
    return parseGenerated(path, await readFile(path, "utf8"));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

const newKey = (prefix: string): string => prefix + randomBytes(24).toString("base64url");

/** The keys generated for this folder, now if necessary. Of several processes that generate them at once, one wins. */
const generatedKeys = async (dir: string): Promise<GeneratedKeys> => {
  const path = join(dir, keysFile);
  const existing = await readGenerated(path);
  if (existing) return existing;
  const made: GeneratedKeys = { client_key: newKey("fmc_"), admin_key: newKey("fma_") };
  try {
    const created = await createAtomically(path, `${JSON.stringify(made, null, 2)}\n`, 0o600);
    return (created ? undefined : await readGenerated(path)) ?? made;
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw new Error(
      `${path} cannot be written (${code}): make the folder writable, or set both keys in server.api_keys`,
      {
        cause: error,
      },
    );
  }
};

/**
 * The API keys of a formation: those of its manifest; what that leaves out is generated once and kept in
 * `.keys.json`, so that it is the same after a restart (docs/spec/formation-files.md "API keys").
 *
 * @throws Error when `.keys.json` cannot be written, or holds something else.
 */
export const resolveApiKeys = async ({ dir, manifest }: Formation): Promise<ApiKeys> => {
  const { client_key, admin_key } = manifest.server.api_keys;
  if (client_key !== undefined && admin_key !== undefined) {
    return { clientKey: client_key, adminKey: admin_key, generated: false };
  }
  const generated = await generatedKeys(dir);
  return {
    clientKey: client_key ?? generated.client_key,
    adminKey: admin_key ?? generated.admin_key,
    generated: true,
  };
};
