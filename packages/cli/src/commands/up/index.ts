/** `muxi up`: a folder becomes a running formation. */
export { type UpOptions, up } from "./up.ts";
