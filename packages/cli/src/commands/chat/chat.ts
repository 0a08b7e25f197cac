import { resolve } from "node:path";
import { text as readAll } from "node:stream/consumers";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { formationTarget } from "../../target/index.ts";
import type { OutputFormat } from "../../ui/index.ts";
import type { Chat, OnBusy } from "./answer.ts";
import { askOnce } from "./ask-once.ts";
import { readAttachment } from "./attachment.ts";
import { converse } from "./conversation.ts";

export interface ChatOptions {
  output: OutputFormat;
  /** False: the answer is shown only when it is complete. */
  stream: boolean;
  verbose: boolean;
  /** Shows every event and every request. */
  debug: boolean;
  draft: boolean;
  profile?: string;
  formation?: string;
  agent?: string;
  session?: string;
  user?: string;
  onBusy?: OnBusy;
  /** Path of a file to send with the message, or of a recording to send instead of one. */
  file?: string;
}

/** `muxi chat` (docs/spec/cli.md "muxi chat"). */
export const chat = async (
  context: Context,
  message: string | undefined,
  options: ChatOptions,
): Promise<number> => {
  const { stdin, cwd } = context;
  const { output, stream, verbose, debug, agent, session } = options;
  const file = options.file === undefined ? undefined : await readAttachment(resolve(cwd, options.file));
  const { formation, id, isDraft, readLog } = await formationTarget(context, options);
  const about: Chat = {
    ...{ formation, formationId: id, isDraft },
    ...{ agentId: agent, sessionId: session, onBusy: options.onBusy },
    ...{ stream, verbose, debug, readLog },
  };
  const canConverse = stdin.isTTY === true && output === "text";
  if (message === undefined && file === undefined && canConverse) return converse(context, about);

  const said = (message ?? (stdin.isTTY ? "" : await readAll(stdin))).trim();
  if (said === "" && !file?.isAudio) {
    throw new CliError(file ? "Say what to do with the file" : "There is no message", {
      hint: `Give a message: muxi chat${file ? ` --file ${options.file}` : ""} "Hello"`,
    });
  }
  return askOnce(context, about, { message: said, file }, output);
};
