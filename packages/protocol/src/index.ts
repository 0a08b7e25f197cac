/** The wire, once: schemas, errors, ids, the route table and the OpenAPI document made from it. */
export * from "./agents.ts";
export * from "./chat.ts";
export * from "./envelope.ts";
export * from "./errors.ts";
export * from "./headers.ts";
export * from "./ids.ts";
export * from "./openapi.ts";
export * from "./requests.ts";
export * from "./route.ts";
export * from "./routes/index.ts";
export * from "./server.ts";
export * from "./sessions.ts";
export * from "./system.ts";
