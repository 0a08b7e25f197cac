/**
 * Secrets of a formation folder: Fernet, names, the encrypted file and its template (docs/spec/formation-files.md
 * "Secret files").
 */
export * from "./fernet.ts";
export { SecretsError, secretFiles } from "./files.ts";
export * from "./names.ts";
export * from "./references.ts";
export * from "./store.ts";
export * from "./template.ts";
