/** Credentials and users (contract/formation-api.md 4.19, 4.20). */

export interface CredentialService {
  service: string;
  server_id: string;
  description: string;
}

export interface CredentialServiceList {
  services: CredentialService[];
  count: number;
}

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

export interface CredentialList {
  credentials: Credential[];
  count: number;
}

export interface CredentialDeleted {
  credential_id: string;
  deleted: true;
}

export interface UserIdentifier {
  identifier: string;
  type: string;
  /** ISO 8601. */
  created_at?: string;
}

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

export interface UserIdentifierDeleted {
  message: string;
  muxi_user_id: string | null;
}

export interface ResolvedUser {
  identifier: string;
  muxi_user_id: string;
  internal_user_id: string | number;
}
