import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Program and arguments that run a formation folder. */
export type RuntimeCommand = (folder: string) => { command: string; args: string[] };

/**
 * The Node flags in the first line of a program. A shell applies them; whoever starts the program in another way
 * should, too.
 */
export const nodeFlagsOf = (program: string): string[] => {
  const [line = ""] = readFileSync(program, "utf8").split("\n", 1);
  const [interpreter = "", flags = ""] = line.split(" node ", 2);
  return interpreter.startsWith("#!") && flags.startsWith("-") ? flags.split(" ") : [];
};

/** Runs a folder with `@muxi/runtime`, on this process's Node, with this process's flags and those of the program. */
export const runtimeCommand: RuntimeCommand = (folder) => {
  const program = fileURLToPath(import.meta.resolve("@muxi/runtime/main"));
  return { command: process.execPath, args: [...process.execArgv, ...nodeFlagsOf(program), program, folder] };
};
