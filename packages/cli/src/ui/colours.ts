import picocolors from "picocolors";

export type Colours = ReturnType<typeof picocolors.createColors>;

/** Colours on a terminal, and plain text everywhere else (docs/spec/cli.md "Output", https://no-color.org). */
export const coloursFor = (stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): Colours =>
  picocolors.createColors(stream.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb");
