/** What a command touches of the world. `main.ts` makes the one of the process. */
export interface Context {
  env: NodeJS.ProcessEnv;
  /** Absolute path of the current folder. */
  cwd: string;
  /** The user's home folder. */
  home: string;
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
}
