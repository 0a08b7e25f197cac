/** Bundles: received, unpacked and checked. */
export * from "./check.ts";
export * from "./metadata.ts";
export * from "./receive.ts";
export * from "./unpack.ts";
