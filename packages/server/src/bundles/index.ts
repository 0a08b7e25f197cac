/** Bundles: received, unpacked and checked, and formations sent back as archives. */
export * from "./check.ts";
export * from "./metadata.ts";
export * from "./receive.ts";
export * from "./unpack.ts";
export * from "./zip.ts";
