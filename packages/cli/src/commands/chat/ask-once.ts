import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { explainAnswer } from "../../target/index.ts";
import type { OutputFormat } from "../../ui/index.ts";
import { answer, type Chat, type ChatMessage } from "./answer.ts";

/** Sends one message. Only the answer goes to stdout. */
export const askOnce = async (
  { stdout, stderr }: Context,
  chat: Chat,
  input: ChatMessage,
  format: OutputFormat,
): Promise<number> => {
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.on("SIGINT", interrupt);
  let last = "";
  const output = {
    text(piece: string) {
      if (format === "json") return;
      stdout.write(piece);
      last = piece || last;
    },
    note: (line: string) => stderr.write(`${line}\n`),
  };
  try {
    const { whole } = await answer(chat, input, output, interruption.signal);
    if (!whole) throw new CliError("The answer was stopped", { exitCode: 130 });
    if (format === "json") {
      const { text: response, agent_id: agent, session_id } = whole;
      stdout.write(`${JSON.stringify({ response, agent, session_id })}\n`);
    }
    return 0;
  } catch (error) {
    throw await explainAnswer(error, chat);
  } finally {
    if (last !== "" && !last.endsWith("\n")) stdout.write("\n");
    process.off("SIGINT", interrupt);
  }
};
