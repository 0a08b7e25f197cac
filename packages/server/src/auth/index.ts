/** Who may call `/rpc`: the HMAC signature, or, without credentials, this machine alone. */
export * from "./client-address.ts";
export * from "./failures.ts";
export * from "./foreign-page.ts";
export * from "./hmac.ts";
export * from "./trust.ts";
