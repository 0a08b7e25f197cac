/** The command line: all commands with their options, and the functions that run them. */
export { createProgram } from "./program.ts";
