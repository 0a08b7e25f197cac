import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { explainAnswer } from "../../target/index.ts";
import type { OutputFormat } from "../../ui/index.ts";
import { type AnswerOutput, answer, type Chat, type ChatMessage } from "./answer.ts";
import { presentationOf } from "./presentation.ts";

/** For programs: the answer comes as one value at its end. */
const silent = ({ stderr }: Context): AnswerOutput => ({
  happened: () => undefined,
  text: () => undefined,
  anew: () => undefined,
  sources: () => undefined,
  note: (line) => void stderr.write(`${line}\n`),
});

/** Sends one message. Only the answer goes to stdout. */
export const askOnce = async (
  context: Context,
  chat: Chat,
  input: ChatMessage,
  format: OutputFormat,
): Promise<number> => {
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.on("SIGINT", interrupt);
  const shown = format === "text" ? await presentationOf(context, chat) : undefined;
  try {
    const { whole } = await answer(chat, input, shown ?? silent(context), interruption.signal);
    if (!whole) throw new CliError("The answer was stopped", { exitCode: 130 });
    if (format === "json") {
      const { text: response, agent_id: agent, session_id, metadata } = whole;
      context.stdout.write(`${JSON.stringify({ response, agent, session_id, ...metadata })}\n`);
    }
    return 0;
  } catch (error) {
    throw await explainAnswer(error, chat);
  } finally {
    shown?.end();
    process.off("SIGINT", interrupt);
  }
};
