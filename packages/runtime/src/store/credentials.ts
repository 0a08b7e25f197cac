import type { Database } from "./database/index.ts";
import { sql } from "./database/index.ts";
import type { Owner } from "./sessions.ts";

export interface StoredCredential {
  id: string;
  /** In lower case. */
  service: string;
  name: string;
  /** Encrypted. */
  data: string;
  createdAt: number;
  updatedAt: number;
}

/** Credentials that users have given to a formation, encrypted (docs/spec/formation-files.md "User credentials"). */
export interface CredentialRepository {
  /** Oldest first. */
  list(owner: Owner, service?: string): Promise<StoredCredential[]>;
  get(owner: Owner, id: string): Promise<StoredCredential | undefined>;
  /** False when the owner already has one of that service and name. */
  add(owner: Owner, credential: StoredCredential): Promise<boolean>;
  /** False when the owner has none of that id. */
  delete(owner: Owner, id: string): Promise<boolean>;
}

const columns = sql`id, service, name, data, created_at as "createdAt", updated_at as "updatedAt"`;

const ofOwner = ({ formationId, userId }: Owner) =>
  sql`formation_id = ${formationId} and user_id = ${userId}`;

/** Credentials of one user that a list returns. */
const mostListed = 1_000;

export const createCredentialRepository = (db: Database): CredentialRepository => ({
  list: (owner, service) =>
    db.read(
      sql`select ${columns} from credential where ${ofOwner(owner)}
        ${service === undefined ? sql`` : sql`and service = ${service}`}
        order by created_at, id limit ${mostListed}`,
    ),

  async get(owner, id) {
    const [credential] = await db.read<StoredCredential>(
      sql`select ${columns} from credential where ${ofOwner(owner)} and id = ${id}`,
    );
    return credential;
  },

  async add({ formationId, userId }, { id, service, name, data, createdAt, updatedAt }) {
    const [result] = await db.write([
      sql`insert into credential (formation_id, user_id, id, service, name, data, created_at, updated_at)
        values (${formationId}, ${userId}, ${id}, ${service}, ${name}, ${data}, ${createdAt}, ${updatedAt})
        on conflict (formation_id, user_id, service, name) do nothing`,
    ]);
    return result !== undefined && result.changes > 0;
  },

  async delete(owner, id) {
    const [result] = await db.write([sql`delete from credential where ${ofOwner(owner)} and id = ${id}`]);
    return result !== undefined && result.changes > 0;
  },
});
