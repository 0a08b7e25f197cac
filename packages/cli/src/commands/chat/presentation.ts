import type { Context } from "../../base/context.ts";
import { createScreen, wrap } from "../../terminal/index.ts";
import { coloursFor } from "../../ui/index.ts";
import type { AnswerOutput, Chat } from "./answer.ts";
import { startWaiting } from "./waiting.ts";

/** Shows one answer. */
export interface Presentation extends AnswerOutput {
  /** Shows what was held back, and ends the last line. */
  end(): void;
}

type Terminal = Pick<Context, "stdout" | "stderr" | "env">;

/** Names the model of an agent, as far as the formation tells. */
const modelIn =
  ({ formation }: Chat) =>
  async (agentId: string | undefined): Promise<string> => {
    // Only a hint for someone who waits: that it fails is seen by the answer failing.
    const agents = await formation.getAgents({ maxRetries: 0 }).catch(() => []);
    const { model } = agents.find(({ id }) => id === agentId) ?? {};
    return model ?? "the model";
  };

const isDumb = ({ TERM }: NodeJS.ProcessEnv): boolean => TERM === "dumb";

/** Markdown as it is meant, for people at a terminal. */
const onTerminal = async ({ stdout, env }: Terminal, chat: Chat): Promise<Presentation> => {
  // Only here, since it takes a while to load.
  const { createMarkdownStream } = await import("../../markdown/index.ts");
  const colours = coloursFor(stdout, env);
  const screen = createScreen(stdout);
  const markdown = createMarkdownStream(screen, () => ({ columns: (stdout.columns ?? 80) - 1, colours }));
  const waiting = startWaiting(screen.status, colours, modelIn(chat));
  return {
    text: markdown.write,
    anew: markdown.end,
    note: (line) => {
      markdown.end();
      screen.commit(colours.dim(line));
    },
    sources(texts) {
      if (texts.length === 0) return;
      markdown.end();
      screen.commit("");
      for (const text of texts) {
        for (const line of wrap([{ text, paint: colours.dim }], (stdout.columns ?? 80) - 1))
          screen.commit(line);
      }
    },
    happened: waiting.happened,
    end() {
      waiting.stop();
      markdown.end();
    },
  };
};

/** The text as it comes, for programs. */
const raw = ({ stdout, stderr, env }: Terminal, chat: Chat): Presentation => {
  const waiting =
    stderr.isTTY && !isDumb(env)
      ? startWaiting(createScreen(stderr).status, coloursFor(stderr, env), modelIn(chat))
      : undefined;
  let last = "";
  const write = (piece: string) => {
    stdout.write(piece);
    last = piece || last;
  };
  const endLine = () => {
    if (last !== "" && !last.endsWith("\n")) write("\n");
  };
  return {
    text: write,
    anew: () => write("\n"),
    note: (line) => void stderr.write(`${line}\n`),
    sources(lines) {
      waiting?.stop();
      endLine();
      for (const line of lines) stderr.write(`${line}\n`);
    },
    happened: (event) => waiting?.happened(event),
    end() {
      waiting?.stop();
      endLine();
    },
  };
};

/** Shows an answer as docs/spec/cli.md "muxi chat" says: with Markdown laid out on a terminal, raw elsewhere. */
export const presentationOf = async (terminal: Terminal, chat: Chat): Promise<Presentation> =>
  terminal.stdout.isTTY && !isDumb(terminal.env) ? onTerminal(terminal, chat) : raw(terminal, chat);
