/** Secrets of a formation folder: Fernet, names, the encrypted file and its template (contract/formation.md 5). */
export * from "./fernet.ts";
export * from "./names.ts";
export * from "./store.ts";
