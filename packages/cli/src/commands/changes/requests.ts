import { argumentsIn } from "../../base/arguments.ts";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { type ChangeOptions, change } from "./change.ts";

/** `muxi requests cancel`: stops a request. */
export const cancelRequest = (context: Context, requestId: string, options: ChangeOptions): Promise<number> =>
  change(
    context,
    { ...options, isForEveryone: options.user === undefined },
    (formation) => formation.cancelRequest({ requestId }),
    () => `Cancelled ${requestId}`,
  );

export interface AnswerOptions extends ChangeOptions {
  approve: boolean;
  deny: boolean;
  /** JSON. */
  arguments?: string;
  remember?: "session" | "user";
}

/**
 * `muxi requests answer`: answers what a request waits for.
 *
 * @param text The answer; with `deny`, why not.
 */
export const answerRequest = (
  context: Context,
  requestId: string,
  text: string | undefined,
  options: AnswerOptions,
): Promise<number> => {
  const { approve, deny, remember } = options;
  const editedArgs = argumentsIn(options.arguments);
  if (!approve && !deny && text === undefined)
    throw new CliError("Nothing is said", { hint: "Give the answer as a text, or --approve or --deny" });
  return change(
    context,
    { ...options, isForEveryone: options.user === undefined },
    async (formation) => {
      const { interrupt } = await formation.requests.get({ requestId });
      if (!interrupt)
        throw new CliError(`${requestId} waits for nothing`, {
          hint: `muxi requests ${requestId} says how it stands`,
        });
      return formation.requests.answer({
        requestId,
        interruptId: interrupt.id,
        action: approve ? "approve" : deny ? "deny" : "answer",
        value: text,
        editedArgs,
        remember,
      });
    },
    () => `${approve ? "Approved" : deny ? "Denied" : "Answered"}: ${requestId} goes on`,
  );
};
