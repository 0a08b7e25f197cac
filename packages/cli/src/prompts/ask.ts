import { text as readAll } from "node:stream/consumers";
import { confirm, isCancel, password, select, text } from "@clack/prompts";
import type { Context } from "../base/context.ts";
import { CliError } from "../base/errors.ts";
import type { Ui } from "../ui/index.ts";

const needsTerminal = (what: string, flag: string): CliError =>
  new CliError(`This needs an answer, but there is no terminal to ask on: ${what}`, {
    hint: `In scripts, use ${flag}`,
  });

/**
 * Asks a yes-or-no question. The default is no (docs/spec/cli.md "Questions").
 *
 * @param flag What to use in a script instead.
 * @throws CliError when there is no terminal to ask on.
 */
export const agree = async (ui: Ui, question: string, flag: string): Promise<boolean> => {
  if (!ui.canAsk) throw needsTerminal(question, flag);
  const answer = await confirm({ message: question, initialValue: false });
  return answer === true;
};

/** Asks whether to continue, unless `--force` is given. Prints "Cancelled." if the user declines. */
export const confirmed = async (ui: Ui, question: string, force: boolean): Promise<boolean> => {
  if (force || (await agree(ui, question, "--force"))) return true;
  ui.line("Cancelled.");
  return false;
};

export interface TextQuestion {
  message: string;
  /** Used if the answer is empty. */
  initial?: string;
  /** Hides the input. */
  secret?: boolean;
  /** What to use in a script instead. */
  flag: string;
}

/**
 * Asks for a text. Undefined if the user cancels.
 *
 * @throws CliError when there is no terminal to ask on.
 */
export const ask = async (
  ui: Ui,
  { message, initial, secret = false, flag }: TextQuestion,
): Promise<string | undefined> => {
  if (!ui.canAsk) throw needsTerminal(message, flag);
  const answer = secret
    ? await password({ message })
    : await text({ message, ...(initial !== undefined && { placeholder: initial, defaultValue: initial }) });
  return isCancel(answer) ? undefined : (answer ?? initial ?? "").trim();
};

/** A value that is piped in, or else the answer to a hidden question. Undefined if the user cancels. */
export const askSecret = async ({ stdin }: Context, message: string): Promise<string | undefined> => {
  // A line break at the end comes from `echo`, and is not part of the value.
  if (!stdin.isTTY) return (await readAll(stdin)).replace(/\r?\n$/, "");
  const answer = await password({ message });
  return isCancel(answer) ? undefined : answer;
};

export interface Choice {
  message: string;
  choices: readonly { value: string; hint?: string }[];
  /** What to use in a script instead. */
  flag: string;
}

/**
 * Lets the user choose from a list. Undefined if the user cancels.
 *
 * @throws CliError when there is no terminal to ask on, or nothing to choose from.
 */
export const choose = async (ui: Ui, { message, choices, flag }: Choice): Promise<string | undefined> => {
  if (choices.length === 0) throw new CliError("There is nothing to choose from");
  if (!ui.canAsk) throw needsTerminal(message, flag);
  const answer = await select({ message, options: [...choices] });
  return isCancel(answer) ? undefined : answer;
};
