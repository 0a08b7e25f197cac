import { pbkdf2 } from "node:crypto";
import { promisify } from "node:util";
import { decryptFernet, encryptFernet, FernetError } from "@muxi/formation";
import { ApiError, lazy, newId } from "@muxi/protocol";
import { LRUCache } from "lru-cache";
import * as z from "zod";
import { canonicalJson } from "../base/index.ts";
import type { CredentialRepository, Owner, StoredCredential } from "../store/index.ts";

export type CredentialValue = Record<string, unknown>;

/** A credential as its owner may see it. */
export interface ShownCredential {
  id: string;
  service: string;
  name: string;
  preview: string;
  createdAt: number;
  updatedAt: number;
}

/** The credentials with which the formation acts for its users (docs/spec/formation-files.md "User credentials"). */
export interface CredentialVault {
  list(owner: Owner): Promise<ShownCredential[]>;
  /** @throws ApiError `RESOURCE_NOT_FOUND` */
  get(owner: Owner, id: string): Promise<ShownCredential>;
  /** @throws ApiError `VALIDATION_ERROR`, `CONFLICT` */
  add(owner: Owner, service: string, value: CredentialValue, name?: string): Promise<ShownCredential>;
  /** Stores a credential under the name of its service, in place of an older one. */
  put(owner: Owner, service: string, value: CredentialValue): Promise<ShownCredential>;
  /** @throws ApiError `RESOURCE_NOT_FOUND` */
  delete(owner: Owner, id: string): Promise<void>;
  /** The tokens for one service in plain text: only for calls on the owner's behalf. */
  reveal(owner: Owner, service: string): Promise<{ name: string; token: string }[]>;
}

export interface CredentialVaultDeps {
  credentials: CredentialRepository;
  /** `user_credentials.encryption`, with its defaults. */
  encryption: { key: string; salt: string };
  /** How long a user's derived key stays in memory, in milliseconds. */
  keepFor: number;
  now: () => number;
}

const rounds = 100_000;
const mostKeys = 1_000;
const mostBytes = 65_536;

const derive = promisify(pbkdf2);

const storedSchema = lazy(() =>
  z.object({ version: z.literal("v1"), encrypted: z.literal(true), data: z.string() }),
);
const valueSchema = lazy(() => z.record(z.string(), z.unknown()));

/** Fields that hold the token, in order of preference. */
const tokenFields = ["token", "access_token", "api_key", "password", "key", "secret"] as const;

const redacted = "***redacted***";

/** The part of a credential that a service is sent: its token, whatever the field is called. */
const tokenOf = (value: CredentialValue): string | undefined => {
  const texts = [...tokenFields.map((field) => value[field]), ...Object.values(value)];
  return texts
    .filter((item, index) => typeof item === "string" && (index < tokenFields.length || item.length > 5))
    .map(String)[0];
};

/** The start and the end of a token, to tell credentials apart (docs/spec/formation-api.md "Credentials"). */
const previewOf = (value: CredentialValue): string => {
  const text = tokenOf(value);
  return text !== undefined && text.length >= 15 ? `${text.slice(0, 7)}*****${text.slice(-3)}` : redacted;
};

const notFound = (id: string) =>
  new ApiError("RESOURCE_NOT_FOUND", `Credential '${id}' not found: GET /v1/credentials lists them`);

const normalService = (service: string): string => {
  const normal = service.trim().toLowerCase();
  if (normal !== "" && !/\s/.test(normal)) return normal;
  throw new ApiError("VALIDATION_ERROR", "service: must be a name without spaces, such as github");
};

export const createCredentialVault = (deps: CredentialVaultDeps): CredentialVault => {
  const { credentials, encryption, now } = deps;
  const keys = new LRUCache<string, Promise<string>>({
    max: mostKeys,
    ttl: deps.keepFor,
    perf: { now },
    ttlResolution: 0,
  });

  /** Deriving a key takes tens of milliseconds on purpose. */
  const keyOf = ({ formationId, userId }: Owner): Promise<string> => {
    const name = JSON.stringify([formationId, userId]);
    const kept = keys.get(name);
    if (kept) return kept;
    const key = derive(`${encryption.key}:${userId}`, encryption.salt, rounds, 32, "sha256").then(
      (bytes) => `${bytes.toString("base64url")}=`,
    );
    keys.set(name, key);
    return key;
  };

  /** Undefined when it was stored with another key. */
  const read = async (owner: Owner, { data }: StoredCredential): Promise<CredentialValue | undefined> => {
    const key = await keyOf(owner);
    try {
      return valueSchema().parse(JSON.parse(decryptFernet(key, storedSchema().parse(JSON.parse(data)).data)));
    } catch (error) {
      if (error instanceof FernetError) return undefined;
      throw error;
    }
  };

  const shown = async (owner: Owner, credential: StoredCredential): Promise<ShownCredential> => {
    const { data: _, ...rest } = credential;
    const value = await read(owner, credential);
    return { ...rest, preview: value ? previewOf(value) : redacted };
  };

  const readable = async (owner: Owner, stored: readonly StoredCredential[]) =>
    (
      await Promise.all(stored.map(async (item) => ({ name: item.name, value: await read(owner, item) })))
    ).flatMap(({ name, value }) => (value ? [{ name, value }] : []));

  const vault: CredentialVault = {
    list: async (owner) =>
      Promise.all((await credentials.list(owner)).map((credential) => shown(owner, credential))),

    async get(owner, id) {
      const credential = await credentials.get(owner, id);
      if (!credential) throw notFound(id);
      return shown(owner, credential);
    },

    async add(owner, written, value, name) {
      const service = normalService(written);
      const text = canonicalJson(value);
      if (Object.keys(value).length === 0) throw new ApiError("VALIDATION_ERROR", "credential: is empty");
      if (Buffer.byteLength(text) > mostBytes) {
        throw new ApiError("VALIDATION_ERROR", `credential: is larger than ${mostBytes} bytes`);
      }
      const others = await readable(owner, await credentials.list(owner, service));
      const same = others.find((other) => canonicalJson(other.value) === text);
      if (same) throw new ApiError("CONFLICT", `This credential is stored already, as '${same.name}'`);
      const token = encryptFernet(await keyOf(owner), text, { now: new Date(now()) });
      const credential: StoredCredential = {
        id: newId("credential"),
        service,
        name: name ?? service,
        data: JSON.stringify({ version: "v1", encrypted: true, data: token }),
        createdAt: now(),
        updatedAt: now(),
      };
      if (!(await credentials.add(owner, credential))) {
        throw new ApiError(
          "CONFLICT",
          `There is a credential '${credential.name}' for ${service}: give this one another name, or delete that one`,
        );
      }
      return shown(owner, credential);
    },

    async put(owner, service, value) {
      const older = (await credentials.list(owner, service)).find(({ name }) => name === service);
      if (older) await credentials.delete(owner, older.id);
      return vault.add(owner, service, value);
    },

    async delete(owner, id) {
      if (!(await credentials.delete(owner, id))) throw notFound(id);
    },

    reveal: async (owner, service) =>
      (await readable(owner, await credentials.list(owner, service))).map(({ name, value }) => ({
        name,
        token: tokenOf(value) ?? canonicalJson(value),
      })),
  };
  return vault;
};
