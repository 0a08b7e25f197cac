/** The server's own routes: public ones, and those below `/rpc`, which need authentication. */
export * from "./app.ts";
export { draftName } from "./dev.ts";
export { errorBody } from "./errors.ts";
