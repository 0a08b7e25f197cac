/** `muxi secrets`: the values, and what the formation's files refer to. */
export type { SecretsOptions } from "./open.ts";
export * from "./references.ts";
export * from "./values.ts";
