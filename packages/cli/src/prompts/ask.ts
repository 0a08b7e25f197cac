import { confirm, isCancel, password, select, text } from "@clack/prompts";
import { CliError } from "../base/errors.ts";
import type { Ui } from "../ui/index.ts";

const needsTerminal = (what: string, flag: string): CliError =>
  new CliError(`There is nobody to ask: ${what}`, { hint: `Without a terminal, give ${flag}` });

/**
 * Asks for yes or no; no is the default (docs/spec/cli.md "Questions").
 *
 * @param flag What agrees in a script.
 * @throws CliError when there is nobody to ask.
 */
export const agree = async (ui: Ui, question: string, flag: string): Promise<boolean> => {
  if (!ui.canAsk) throw needsTerminal(question, flag);
  const answer = await confirm({ message: question, initialValue: false });
  return answer === true;
};

/** Whether to go on with an action: `--force` agrees. Prints "Cancelled." if the user does not. */
export const confirmed = async (ui: Ui, question: string, force: boolean): Promise<boolean> => {
  if (force || (await agree(ui, question, "--force"))) return true;
  ui.line("Cancelled.");
  return false;
};

export interface Question {
  message: string;
  /** Taken when the answer is empty. */
  initial?: string;
  /** Hides what is typed. */
  secret?: boolean;
  /** Gives it in a script. */
  flag: string;
}

/**
 * Asks for a text. Undefined when the user leaves the question.
 *
 * @throws CliError when there is nobody to ask.
 */
export const ask = async (
  ui: Ui,
  { message, initial, secret = false, flag }: Question,
): Promise<string | undefined> => {
  if (!ui.canAsk) throw needsTerminal(message, flag);
  const answer = secret
    ? await password({ message })
    : await text({ message, ...(initial !== undefined && { placeholder: initial, defaultValue: initial }) });
  return isCancel(answer) ? undefined : (answer ?? initial ?? "").trim();
};

export interface Choice {
  message: string;
  choices: readonly { value: string; hint?: string }[];
  /** Gives it in a script. */
  flag: string;
}

/**
 * Lets the user choose from a list. Undefined when the user leaves the question.
 *
 * @throws CliError when there is nobody to ask, or nothing to choose from.
 */
export const choose = async (ui: Ui, { message, choices, flag }: Choice): Promise<string | undefined> => {
  if (choices.length === 0) throw new CliError("There is nothing to choose from");
  if (!ui.canAsk) throw needsTerminal(message, flag);
  const answer = await select({ message, options: [...choices] });
  return isCancel(answer) ? undefined : answer;
};
