/** The command line: what there is, and which function does it. */
export { createProgram } from "./program.ts";
