import { AbortedError, type ChatAnswer, type ChatEvent } from "muxi-client";
import type { Chat } from "./chat.ts";

export interface AnswerOutput {
  /** Takes the text of the answer. */
  text(piece: string): void;
  /** Takes a line about what happens in between; only with `verbose`. */
  note(line: string): void;
}

/** What came of a question. */
export interface Answered {
  /** Undefined when it was stopped before the formation had told. */
  sessionId: string | undefined;
  /** Undefined when the answer was stopped. */
  whole: ChatAnswer | undefined;
}

const noteOf = (event: ChatEvent): string => {
  const { type, session_id: _, request_id: __, ...fields } = { session_id: "", request_id: "", ...event };
  return `[${type}] ${JSON.stringify(fields)}`;
};

/**
 * Asks, and hands the answer on: piece by piece, or whole with `stream: false`.
 *
 * @param signal Stops the answer, on the formation too.
 */
export const answer = async (
  { formation, agentId, sessionId, stream, verbose }: Chat,
  message: string,
  output: AnswerOutput,
  signal: AbortSignal,
): Promise<Answered> => {
  const payload = {
    message,
    ...(agentId !== undefined && { agent_id: agentId }),
    ...(sessionId !== undefined && { session_id: sessionId }),
  };
  const events = formation.chatStream(payload, { signal });
  let hasText = false;
  try {
    for await (const event of events) {
      if (event.type !== "text") {
        if (verbose) output.note(noteOf(event));
      } else if (stream) {
        // What is on the screen stays there, so the better text begins on a line of its own.
        output.text(event.replace && hasText ? `\n${event.text}` : event.text);
        hasText = true;
      }
    }
    const whole = await events.final();
    if (!stream) output.text(whole.text);
    return { sessionId: whole.session_id, whole };
  } catch (error) {
    if (!(error instanceof AbortedError)) throw error;
    return { sessionId: events.sessionId, whole: undefined };
  }
};
