import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { explainAnswer } from "../../target/index.ts";
import { wrap } from "../../terminal/index.ts";
import { coloursFor, showError } from "../../ui/index.ts";
import { answer, type Chat } from "./answer.ts";
import { presentationOf } from "./presentation.ts";
import { createPrompt } from "./prompt.ts";
import { completions, runSlashCommand } from "./slash-commands.ts";

type Terminal = Pick<Context, "stdin" | "stdout" | "stderr" | "env" | "home">;

/**
 * A conversation on the terminal, in one session (docs/spec/cli.md "muxi chat"). Ctrl+C stops the current answer; at the
 * prompt it clears what is typed, or else ends the conversation, as do Ctrl+D and `/exit`.
 */
export const converse = async (context: Terminal, start: Chat): Promise<number> => {
  const { stdout, env } = context;
  const colours = coloursFor(stdout, env);
  let chat = start;
  /** The service whose credential the next message is. */
  let credential: string | undefined;
  const prompt = await createPrompt(context, colours.cyan("› "), (line) => completions(chat, line));

  const say = async (message: string): Promise<void> => {
    const answering = new AbortController();
    prompt.onInterrupt(() => answering.abort());
    const shown = await presentationOf(context, chat);
    let isWhole = false;
    try {
      const { sessionId, whole } = await answer(chat, { message }, shown, answering.signal);
      chat = { ...chat, sessionId: sessionId ?? chat.sessionId };
      credential = whole?.clarification?.credential;
      isWhole = whole !== undefined;
    } finally {
      shown.end();
    }
    stdout.write(isWhole ? "\n" : colours.dim("(stopped)\n\n"));
  };
  const next = () =>
    credential === undefined
      ? prompt.next()
      : prompt.nextHidden(colours.cyan(`› (hidden, for ${credential}) `));

  const greeting = `Talking to ${chat.formationId}. /help lists the commands, Ctrl+D ends the conversation.`;
  const lines = wrap([{ text: greeting, paint: colours.dim }], stdout.columns ?? 80);
  stdout.write(`${lines.join("\n")}\n\n`);
  try {
    for (let input = await next(); input !== undefined; input = await next()) {
      prompt.onInterrupt(() => undefined);
      try {
        if (credential === undefined && input.startsWith("/")) {
          const changed = await runSlashCommand(chat, input, stdout);
          if (changed === "exit") break;
          chat = changed;
        } else if (input !== "") await say(input);
      } catch (error) {
        const failure = await explainAnswer(error, chat);
        if (!(failure instanceof CliError)) throw failure;
        showError(context, failure, "text");
      }
    }
  } finally {
    prompt.close();
    stdout.write("\n");
  }
  return 0;
};
