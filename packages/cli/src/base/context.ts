import type { Readable, Writable } from "node:stream";

/** What a stream that is a terminal has. */
interface Input {
  isTTY?: boolean;
  /** Whether keys arrive one by one, unseen. */
  setRawMode?(isRaw: boolean): unknown;
}
interface Output {
  isTTY?: boolean;
  /** Characters in a line. */
  columns?: number;
}

/** A command's environment. `main.ts` creates that of the process. */
export interface Context {
  env: NodeJS.ProcessEnv;
  /** Absolute path of the current folder. */
  cwd: string;
  /** The user's home folder. */
  home: string;
  stdin: Readable & Input;
  stdout: Writable & Output;
  stderr: Writable & Output;
}
