/** `muxi up`: runs a formation folder. */
export { type UpOptions, up } from "./up.ts";
