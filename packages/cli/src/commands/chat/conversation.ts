import type { Interrupt } from "muxi-client";
import { argumentsIn } from "../../base/arguments.ts";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { explainAnswer } from "../../target/index.ts";
import { wrap } from "../../terminal/index.ts";
import { coloursFor, showError } from "../../ui/index.ts";
import { type AnswerOutput, answer, approve, type Chat, type ChatResult } from "./answer.ts";
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
  /** What the next message answers. */
  let asked: { requestId: string; interrupt: Interrupt } | undefined;
  const prompt = await createPrompt(context, colours.cyan("› "), (line) => completions(chat, line));

  const read = async (
    answers: (shown: AnswerOutput, signal: AbortSignal) => Promise<ChatResult>,
  ): Promise<void> => {
    const answering = new AbortController();
    prompt.onInterrupt(() => answering.abort());
    const shown = await presentationOf(context, chat);
    let isWhole = false;
    try {
      const { sessionId, whole } = await answers(shown, answering.signal);
      chat = { ...chat, sessionId: sessionId ?? chat.sessionId };
      credential = whole?.clarification?.credential;
      asked = whole?.interrupt && { requestId: whole.request_id, interrupt: whole.interrupt };
      isWhole = whole !== undefined;
    } finally {
      shown.end();
    }
    stdout.write(isWhole ? "\n" : colours.dim("(stopped)\n\n"));
  };
  const say = (message: string) => read((shown, signal) => answer(chat, { message }, shown, signal));
  /** Has a call that waits for a yes made with other arguments. */
  const edit = async ({ requestId, interrupt }: NonNullable<typeof asked>): Promise<void> => {
    const { sessionId } = chat;
    stdout.write(
      colours.dim(`arguments now: ${JSON.stringify(interrupt.tool?.arguments)}\narguments to use (JSON):\n`),
    );
    const editedArgs = argumentsIn(await prompt.next());
    if (editedArgs === undefined || sessionId === undefined) return;
    const call = { requestId, interruptId: interrupt.id, editedArgs };
    await read((shown, signal) => approve({ ...chat, sessionId }, call, shown, signal));
  };
  const next = () => {
    if (asked?.interrupt.tool) stdout.write(colours.dim("y: yes, n: no, e: yes with other arguments\n"));
    return credential === undefined
      ? prompt.next()
      : prompt.nextHidden(colours.cyan(`› (hidden, for ${credential}) `));
  };

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
        } else if (asked?.interrupt.tool && /^e(dit)?$/i.test(input.trim())) await edit(asked);
        else if (input !== "") await say(input);
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
