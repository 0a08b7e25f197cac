import type { Context } from "../context.ts";
import { type Colours, coloursFor } from "./colours.ts";
import { spin } from "./spinner.ts";

export const outputFormats = ["text", "json"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/**
 * The output of one command. A command says everything once: `data` is what `--output json` prints, the rest is
 * for people, and each leaves out the other.
 */
export interface Ui {
  /** Colours of stdout. */
  colours: Colours;
  /** The result as data: one line. */
  data(value: unknown): void;
  /** A line of the result. */
  line(text?: string): void;
  /** A line that says something is done. */
  success(text: string): void;
  /** `⚠` and what the user should know; on stderr. */
  warning(title: string, detail?: readonly string[]): void;
  /** `✗` and what went wrong elsewhere while the command goes on; on stderr. */
  problem(title: string, detail?: readonly string[]): void;
  /** Shows a spinner on a terminal for as long as the work takes. */
  during<Result>(text: string, work: () => Promise<Result>): Promise<Result>;
}

export const createUi = ({ stdout, stderr, env }: Context, format: OutputFormat): Ui => {
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

  return {
    colours,
    data(value) {
      if (!forPeople) stdout.write(`${JSON.stringify(value)}\n`);
    },
    line,
    success: (text) => line(`${colours.green("✓")} ${text}`),
    warning: (title, detail = []) => notice(errorColours.yellow("⚠"), title, detail),
    problem: (title, detail = []) => notice(errorColours.red("✗"), title, detail),
    during: (text, work) => (forPeople && stderr.isTTY ? spin(stderr, errorColours, text, work) : work()),
  };
};
