import { createInterface } from "node:readline";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { explainAnswer } from "../../target/index.ts";
import { coloursFor, showError } from "../../ui/index.ts";
import { answer, type Chat } from "./answer.ts";
import { runSlashCommand } from "./slash-commands.ts";

type Terminal = Pick<Context, "stdin" | "stdout" | "stderr" | "env">;

/**
 * A conversation on the terminal, in one session. Ctrl+C stops the current answer; at the prompt it ends the
 * conversation, as do Ctrl+D and `/exit`.
 */
export const converse = async (context: Terminal, start: Chat): Promise<number> => {
  const { stdin, stdout, stderr, env } = context;
  const colours = coloursFor(stdout, env);
  const lines = createInterface({ input: stdin, output: stdout, prompt: colours.cyan("› ") });
  let chat = start;
  let answering: AbortController | undefined;
  lines.on("SIGINT", () => {
    if (answering) answering.abort();
    else lines.close();
  });

  const say = async (message: string): Promise<void> => {
    answering = new AbortController();
    const output = {
      text: (piece: string) => stdout.write(piece),
      note: (line: string) => stderr.write(`${colours.dim(line)}\n`),
    };
    try {
      const { sessionId, whole } = await answer(chat, { message }, output, answering.signal);
      chat = { ...chat, sessionId: sessionId ?? chat.sessionId };
      stdout.write(whole ? "\n\n" : colours.dim("\n(stopped)\n\n"));
    } finally {
      answering = undefined;
    }
  };

  stdout.write(
    colours.dim(
      `Talking to ${chat.formationId}. /help lists the commands, Ctrl+D ends the conversation.\n\n`,
    ),
  );
  lines.prompt();
  for await (const line of lines) {
    const input = line.trim();
    try {
      if (input.startsWith("/")) {
        const next = await runSlashCommand(chat, input, stdout);
        if (next === "exit") break;
        chat = next;
      } else if (input !== "") await say(input);
    } catch (error) {
      const failure = await explainAnswer(error, chat);
      if (!(failure instanceof CliError)) throw failure;
      showError(context, failure, "text");
    }
    lines.prompt();
  }
  lines.close();
  stdout.write("\n");
  return 0;
};
