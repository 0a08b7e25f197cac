/** Looks after running formations: their health, their memory and the size of their logs. */
export * from "./monitor.ts";
