/** Who may call `/rpc`: whoever signs with the server's credentials, or, without credentials, only this machine. */
export * from "./client-address.ts";
export * from "./failures.ts";
export * from "./foreign-page.ts";
export * from "./hmac.ts";
export * from "./trust.ts";
