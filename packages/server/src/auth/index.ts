/** Who may call `/rpc`: the HMAC signature, or, without credentials, this machine alone. */
export * from "./hmac.ts";
export * from "./loopback.ts";
