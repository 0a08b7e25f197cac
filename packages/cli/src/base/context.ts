import type { Readable, Writable } from "node:stream";

type Terminal = { isTTY?: boolean };

/** A command's environment. `main.ts` creates that of the process. */
export interface Context {
  env: NodeJS.ProcessEnv;
  /** Absolute path of the current folder. */
  cwd: string;
  /** The user's home folder. */
  home: string;
  stdin: Readable & Terminal;
  stdout: Writable & Terminal;
  stderr: Writable & Terminal;
}
