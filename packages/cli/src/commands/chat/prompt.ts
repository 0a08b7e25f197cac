import { createInterface } from "node:readline";
import type { Context } from "../../base/context.ts";
import { chatHistory, mostMessages, rememberLine } from "../../files/index.ts";
import { createKeys, messageOf } from "../../terminal/index.ts";

/** Reads what is said in a conversation, a message at a time. */
export interface Prompt {
  /** Asks for the next message. Undefined: the conversation is over. */
  next(): Promise<string | undefined>;
  /** Asks for something that nobody else may see: it is not shown, and no history has it. */
  nextHidden(question: string): Promise<string | undefined>;
  /** What Ctrl+C does until the next message is asked for. */
  onInterrupt(interrupt: () => void): void;
  close(): void;
}

export type PromptTerminal = Pick<Context, "stdin" | "stdout" | "env" | "home">;

/**
 * @param symbol What stands in front of the message.
 * @param complete What the beginning of a line may be completed to.
 */
export const createPrompt = async (
  context: PromptTerminal,
  symbol: string,
  complete: (line: string) => Promise<string[]>,
): Promise<Prompt> => {
  const { stdin, stdout } = context;
  // Without a terminal on the other side (`muxi chat | tee log`), lines come as the terminal's own editor makes them.
  const keys = stdout.isTTY ? createKeys(context) : undefined;
  const lines = createInterface({
    input: keys?.input ?? stdin,
    output: stdout,
    terminal: keys !== undefined,
    prompt: symbol,
    history: keys ? await chatHistory(context) : [],
    historySize: mostMessages,
    removeHistoryDuplicates: true,
    completer: (line: string, done: (error: Error | null, result: [string[], string]) => void) => {
      // A formation that does not answer now completes nothing; the command itself says why.
      const known = complete(line).catch(() => []);
      void known.then((found) => done(null, [found, line]));
    },
  });
  let interrupt: () => void = () => undefined;
  let isClosed = false;
  let answer: (line: string | undefined) => void = () => undefined;

  lines.on("line", (line) => {
    keys?.hold(() => interrupt());
    answer(line);
  });
  lines.on("close", () => {
    isClosed = true;
    answer(undefined);
  });
  lines.on("SIGINT", () => {
    if (lines.line === "") return lines.close();
    lines.write(null, { ctrl: true, name: "e" });
    lines.write(null, { ctrl: true, name: "u" });
  });
  // As in shells, what begins with a blank is not kept.
  lines.on("history", (history) => {
    if (history[0]?.startsWith(" ")) history.shift();
  });

  const next = async (): Promise<string | undefined> => {
    if (isClosed) return undefined;
    const line = await new Promise<string | undefined>((resolve) => {
      answer = resolve;
      lines.prompt();
      keys?.release();
    });
    if (line === undefined) return undefined;
    if (keys && line.trim() !== "" && !line.startsWith(" ")) await rememberLine(context, line);
    return messageOf(line);
  };

  return {
    next,
    async nextHidden(question) {
      if (!keys) return next();
      stdout.write(question);
      return keys.hidden();
    },
    onInterrupt(change) {
      interrupt = change;
    },
    close() {
      lines.close();
      keys?.close();
    },
  };
};
