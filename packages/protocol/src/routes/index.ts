/** Every endpoint of the Formation API (docs/spec/formation-api.md "Calls"), one file per group. */
export * from "./route.ts";
export * from "./routes.ts";
