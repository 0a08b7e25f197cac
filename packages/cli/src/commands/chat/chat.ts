import { text as readAll } from "node:stream/consumers";
import { FormationClient } from "muxi-client";
import type { Context } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { userIdFor } from "../../files/index.ts";
import { runningFormation } from "../../running-formation.ts";
import type { OutputFormat } from "../../ui/index.ts";
import { askOnce } from "./ask-once.ts";
import { converse } from "./conversation.ts";

export interface ChatOptions {
  output: OutputFormat;
  /** False: the answer is shown when it is whole. */
  stream: boolean;
  verbose: boolean;
  formation?: string;
  agent?: string;
  session?: string;
  user?: string;
}

/** Who is asked, by whom and how. */
export interface Chat {
  formation: FormationClient;
  formationId: string;
  agentId: string | undefined;
  sessionId: string | undefined;
  stream: boolean;
  verbose: boolean;
}

/** `muxi chat` (contract/cli.md 8). */
export const chat = async (
  context: Context,
  message: string | undefined,
  { output, stream, verbose, formation: wanted, agent, session, user }: ChatOptions,
): Promise<number> => {
  const { stdin } = context;
  const saved = await runningFormation(context, wanted);
  const formation = new FormationClient({
    serverUrl: saved.server_url,
    formationId: saved.id,
    mode: "draft",
    clientKey: saved.client_key,
    adminKey: saved.admin_key,
    userId: await userIdFor(context, saved, user),
  });
  const about: Chat = {
    formation,
    formationId: saved.id,
    agentId: agent,
    sessionId: session,
    stream,
    verbose,
  };
  if (message === undefined && stdin.isTTY && output === "text") return converse(context, about);

  const question = (message ?? (stdin.isTTY ? "" : await readAll(stdin))).trim();
  if (question === "") {
    throw new CliError("There is nothing to say", { hint: 'Give a message: muxi chat "Hello"' });
  }
  return askOnce(context, about, question, output);
};
