import type { Readable, Writable } from "node:stream";

type Terminal = { isTTY?: boolean };

/** What a command touches of the world. `main.ts` makes the one of the process. */
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
