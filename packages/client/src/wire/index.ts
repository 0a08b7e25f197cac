/** Answers whose schemas are not yet in the protocol package, one file per group of endpoints. */
export type * from "./administration.ts";
export type * from "./automation.ts";
export type * from "./memory.ts";
export type * from "./people.ts";
export type * from "./requests.ts";
export type * from "./server.ts";
export type * from "./upkeep.ts";
