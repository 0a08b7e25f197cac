/** `muxi secrets`: the values of secrets, and the references to them in a formation's files. */
export type { SecretsOptions } from "./open.ts";
export * from "./references.ts";
export * from "./values.ts";
