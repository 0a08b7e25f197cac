import type { Context } from "../base/context.ts";
import { createScreen } from "../terminal/index.ts";
import { type Colours, coloursFor } from "./colours.ts";
import { startSpinner } from "./spinner.ts";

export const outputFormats = ["text", "json"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** A progress line. It is shown only on a terminal, and disappears when it is stopped. */
export interface Activity {
  show(text: string): void;
  stop(): void;
}

/** The output of a command. With `--output json` only `data` is printed, otherwise everything but `data`. */
export interface Ui {
  /** Colours of stdout. */
  colours: Colours;
  /** Whether questions can be asked. */
  canAsk: boolean;
  /** Prints the result as one line of JSON. */
  data(value: unknown): void;
  /** Prints a line of the result. */
  line(text?: string): void;
  /** Prints titles and values in two columns. Empty values are left out. */
  fields(rows: Readonly<Record<string, string>>, indent?: string): void;
  /** Prints a line with `✓`. */
  success(text: string): void;
  /** Rings the terminal's bell, at the end of long operations. */
  bell(): void;
  /** Prints a warning with `⚠` to stderr. */
  warning(title: string, detail?: readonly string[]): void;
  /** Prints a problem that does not end the command, with `✗`, to stderr. */
  problem(title: string, detail?: readonly string[]): void;
  /** Shows a progress line until it is stopped. */
  activity(text: string): Activity;
  /** Shows a progress line while the work runs, which may change it. */
  during<Result>(text: string, work: (show: (text: string) => void) => Promise<Result>): Promise<Result>;
}

const nothing: Activity = { show: () => undefined, stop: () => undefined };

export const createUi = ({ stdin, stdout, stderr, env }: Context, format: OutputFormat): Ui => {
  const colours = coloursFor(stdout, env);
  const errorColours = coloursFor(stderr, env);
  const forPeople = format === "text";

  const line = (text = "") => {
    if (forPeople) stdout.write(`${text}\n`);
  };
  const notice = (symbol: string, title: string, detail: readonly string[]) => {
    if (forPeople)
      stderr.write(`${[`${symbol} ${title}`, ...detail.map((text) => `  ${text}`)].join("\n")}\n`);
  };
  const activity = (text: string): Activity =>
    forPeople && stderr.isTTY ? startSpinner(createScreen(stderr).status, errorColours, text) : nothing;

  return {
    colours,
    canAsk: forPeople && stdin.isTTY === true && stdout.isTTY === true,
    data(value) {
      if (!forPeople) stdout.write(`${JSON.stringify(value)}\n`);
    },
    line,
    fields(rows, indent = "") {
      for (const [title, value] of Object.entries(rows)) {
        if (value !== "") line(`${indent}${colours.dim(title.padEnd(10))}  ${value}`);
      }
    },
    success: (text) => line(`${colours.green("✓")} ${text}`),
    bell() {
      if (forPeople && stdout.isTTY) stdout.write("\u0007");
    },
    warning: (title, detail = []) => notice(errorColours.yellow("⚠"), title, detail),
    problem: (title, detail = []) => notice(errorColours.red("✗"), title, detail),
    activity,
    async during(text, work) {
      const shown = activity(text);
      try {
        return await work(shown.show);
      } finally {
        shown.stop();
      }
    },
  };
};
