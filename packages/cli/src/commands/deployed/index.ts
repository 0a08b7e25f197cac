/** The commands of `muxi remote`, for the formations of a server. */
export * from "./lifecycle.ts";
export * from "./logs.ts";
export { followOperation } from "./operation.ts";
export * from "./show.ts";
