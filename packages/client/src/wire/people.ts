/** Credentials and users (contract/formation-api.md 4.19, 4.20). */

/** An identifier to give to a user: alone, with its type, or as the wire's object. */
export type NewIdentifier =
  | string
  | [identifier: string, type: string]
  | { identifier: string; type: string };
