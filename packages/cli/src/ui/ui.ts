import type { Context } from "../base/context.ts";
import { type Colours, coloursFor } from "./colours.ts";
import { startSpinner } from "./spinner.ts";

export const outputFormats = ["text", "json"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** What goes on at the moment: one line, shown on a terminal only and gone when it is over. */
export interface Activity {
  show(text: string): void;
  stop(): void;
}

/**
 * The output of one command. A command says everything once: `data` is what `--output json` prints, the rest is
 * for people, and each leaves out the other.
 */
export interface Ui {
  /** Colours of stdout. */
  colours: Colours;
  /** Whether there is somebody to ask. */
  canAsk: boolean;
  /** The result as data: one line. */
  data(value: unknown): void;
  /** A line of the result. */
  line(text?: string): void;
  /** Lines of the result, each a title and a value, in two columns. Empty values are left out. */
  fields(rows: Readonly<Record<string, string>>, indent?: string): void;
  /** A line that says something is done. */
  success(text: string): void;
  /** Rings the terminal's bell: what took long has come to its end. */
  bell(): void;
  /** `⚠` and what the user should know; on stderr. */
  warning(title: string, detail?: readonly string[]): void;
  /** `✗` and what went wrong elsewhere while the command goes on; on stderr. */
  problem(title: string, detail?: readonly string[]): void;
  /** Begins to show what goes on. */
  activity(text: string): Activity;
  /** Shows a text for as long as the work takes. */
  during<Result>(text: string, work: () => Promise<Result>): Promise<Result>;
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
    forPeople && stderr.isTTY ? startSpinner(stderr, errorColours, text) : nothing;

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
        return await work();
      } finally {
        shown.stop();
      }
    },
  };
};
