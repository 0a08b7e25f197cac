/** Credentials and users (contract/formation-api.md 4.19, 4.20). */

/** A service for which users may store credentials. */
export interface CredentialService {
  service: string;
  server_id: string;
  description: string;
}

/** The services for which users may store credentials. */
export interface CredentialServiceList {
  services: CredentialService[];
  count: number;
}

/** A user's access to a service, not readable. */
export interface Credential {
  credential_id: string;
  service: string;
  name: string;
  /** Enough to recognise it, too little to use it. */
  credential_preview: string;
  /** ISO 8601. */
  created_at: string;
  updated_at?: string;
}

/** A user's credentials. */
export interface CredentialList {
  credentials: Credential[];
  count: number;
}

/** Which credential is gone. */
export interface CredentialDeleted {
  credential_id: string;
  deleted: true;
}

/** A name by which a user is known, such as an e-mail address. */
export interface UserIdentifier {
  identifier: string;
  type: string;
  /** ISO 8601. */
  created_at?: string;
}

/** Everything by which a user is known. */
export interface UserIdentifierList {
  muxi_user_id: string;
  internal_user_id?: string | number;
  identifiers: UserIdentifier[];
  count: number;
}

/** An identifier to give to a user: alone, with its type, or as the wire's object. */
export type NewIdentifier =
  | string
  | [identifier: string, type: string]
  | { identifier: string; type: string };

/** Whose identifier was taken away. */
export interface UserIdentifierDeleted {
  message: string;
  muxi_user_id: string | null;
}

/** The user behind an identifier. */
export interface ResolvedUser {
  identifier: string;
  muxi_user_id: string;
  internal_user_id: string | number;
}
