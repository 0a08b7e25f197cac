/** What `muxi remote` does with the formations of a server. */
export * from "./lifecycle.ts";
export * from "./logs.ts";
export * from "./show.ts";
