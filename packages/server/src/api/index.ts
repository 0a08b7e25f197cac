/** The server's own routes: public ones, and `/rpc` behind authentication. */
export * from "./app.ts";
export { draftName } from "./dev.ts";
