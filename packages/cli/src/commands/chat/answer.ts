import {
  AbortedError,
  type ChatAnswer,
  type ChatEvent,
  type ChatPayload,
  type ChatStream,
  type FormationClient,
} from "muxi-client";
import type { Attachment } from "./attachment.ts";
import { sourceLines } from "./sources.ts";

export type OnBusy = NonNullable<ChatPayload["on_busy"]>;

/** Who is asked, by whom and how. */
export interface Chat {
  formation: FormationClient;
  formationId: string;
  isDraft: boolean;
  agentId: string | undefined;
  sessionId: string | undefined;
  /** What a message does while the session is at work on another one; undefined for the formation's setting. */
  onBusy: OnBusy | undefined;
  stream: boolean;
  verbose: boolean;
  debug: boolean;
  /** Reads the last lines of the formation's log. */
  readLog: () => Promise<readonly string[]>;
}

/** What is said. */
export interface ChatMessage {
  message: string;
  file?: Attachment | undefined;
}

/** A call that waits for a yes, and the arguments with which it may be made. */
export interface ApprovedCall {
  requestId: string;
  interruptId: string;
  editedArgs: Record<string, unknown>;
}

/** Receives an answer as it arrives. */
export interface AnswerOutput {
  /** Follows what happens. */
  happened(event: ChatEvent): void;
  /** Receives the text of the answer. */
  text(piece: string): void;
  /** The text so far is replaced by what follows; on the screen it stays. */
  anew(): void;
  /** Receives a line for each passage that the answer rests on, at its end. */
  sources(lines: readonly string[]): void;
  /** Receives a line about each other event; only with `verbose`. */
  note(line: string): void;
}

/** The result of a message. */
export interface ChatResult {
  /** Undefined if the answer was stopped before the session was known. */
  sessionId: string | undefined;
  /** Undefined if the answer was stopped. */
  whole: ChatAnswer | undefined;
}

/** A recording alone is the message; any other file accompanies one. */
const ask = (
  { formation, agentId, sessionId, onBusy }: Chat,
  { message, file }: ChatMessage,
  signal: AbortSignal,
): ChatStream => {
  const about = {
    ...(agentId !== undefined && { agent_id: agentId }),
    ...(sessionId !== undefined && { session_id: sessionId }),
  };
  const busy = onBusy !== undefined && { on_busy: onBusy };
  if (!file) return formation.chatStream({ message, ...about, ...busy }, { signal });
  const { isAudio, ...attachment } = file;
  const files = [attachment];
  return isAudio && message === ""
    ? formation.audioChatStream({ files, ...about }, { signal })
    : formation.chatStream({ message, files, ...about, ...busy }, { signal });
};

const noteOf = (event: ChatEvent): string => {
  const { type, session_id: _, request_id: __, ...fields } = { session_id: "", request_id: "", ...event };
  return `[${type}] ${JSON.stringify(fields)}`;
};

/** Passes on an answer: in chunks, or as a whole with `stream: false`. */
const passOn = async (
  { stream, verbose, debug }: Chat,
  events: ChatStream,
  output: AnswerOutput,
): Promise<ChatResult> => {
  let hasText = false;
  try {
    for await (const event of events) {
      output.happened(event);
      if (debug || (verbose && event.type !== "text")) output.note(noteOf(event));
      if (event.type === "text" && stream) {
        if (event.replace && hasText) output.anew();
        output.text(event.text);
        hasText = true;
      }
    }
    const whole = await events.final();
    if (!stream) output.text(whole.text);
    output.sources(sourceLines(whole.metadata?.citations ?? []));
    return { sessionId: whole.session_id, whole };
  } catch (error) {
    if (!(error instanceof AbortedError)) throw error;
    return { sessionId: events.sessionId, whole: undefined };
  }
};

/**
 * Sends a message and passes on the answer.
 *
 * @param signal Stops the answer, in the formation too.
 */
export const answer = (
  chat: Chat,
  input: ChatMessage,
  output: AnswerOutput,
  signal: AbortSignal,
): Promise<ChatResult> => passOn(chat, ask(chat, input, signal), output);

/** Approves a call with other arguments, and passes on what comes of it. */
export const approve = async (
  chat: Chat & { sessionId: string },
  call: ApprovedCall,
  output: AnswerOutput,
  signal: AbortSignal,
): Promise<ChatResult> => {
  const { formation, sessionId } = chat;
  await formation.requests.answer({ ...call, action: "approve" });
  return passOn(
    chat,
    formation.requests.stream({ sessionId, requestId: call.requestId }, { signal }),
    output,
  );
};
