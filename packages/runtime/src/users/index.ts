/** Who users are: what they are known by, and the credentials that they lend the formation. */
export { type CredentialVault, createCredentialVault } from "./credentials.ts";
export { createIdentities, type Identities } from "./identities.ts";
export { createUserData, type UserData } from "./user-data.ts";
