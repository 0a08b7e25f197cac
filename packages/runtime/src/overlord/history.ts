import type { RecentMessage } from "../store/index.ts";

/** A message of the conversation in the form that every chat template accepts. */
export interface HistoryMessage {
  role: "user" | "assistant";
  content: string;
}

/** The part of a conversation that a model sees. */
export interface Window {
  history: HistoryMessage[];
  /** Number of its first message; undefined when it has none. */
  from: number | undefined;
}

/** Takes the place of a missing answer, so that the next message does not seem to continue the one before. */
const unanswered = "(No answer was given to this message.)";

/** The same while the user's next message has interrupted it. */
const interruptedBefore = "(The user sent the next message before this one was answered: answer both.)";

const cutOff = "(The user's next message has cut this answer off.)";

/** A message of the user, and the answers to it. */
interface HistoryTurn {
  seq: number;
  user: string | undefined;
  answers: string[];
}

/**
 * Turns in order. Messages that came while another one was being answered precede its answer in the database, so each
 * answer is put with its own message.
 */
const turnsOf = (messages: readonly RecentMessage[]): HistoryTurn[] => {
  const turns: HistoryTurn[] = [];
  const byRequest = new Map<string, HistoryTurn>();
  // A restored session may hold system messages, which templates accept only at the beginning.
  let notes: string[] = [];
  for (const { seq, role, content: stored, requestId, isCut } of messages) {
    const content = isCut === 1 ? `${stored}\n\n${cutOff}` : stored;
    if (content.trim() === "") continue;
    if (role === "system") {
      notes.push(content);
      continue;
    }
    if (role === "assistant") {
      const turn = (requestId !== null && byRequest.get(requestId)) || turns.at(-1);
      if (turn) turn.answers.push(content);
      else turns.push({ seq, user: undefined, answers: [content] });
      continue;
    }
    const said = [...notes, content].join("\n\n");
    notes = [];
    const begun = requestId === null ? undefined : byRequest.get(requestId);
    // The agent has read it while it answered the one before.
    if (begun?.user !== undefined && begun.answers.length === 0) {
      begun.user += `\n\n${said}`;
      continue;
    }
    const turn = { seq, user: said, answers: [] };
    turns.push(turn);
    // A message that answers a question belongs to the request that asked: the next answer is to this message.
    if (requestId !== null) byRequest.set(requestId, turn);
  }
  return turns;
};

/**
 * Number of turns that a model sees: at least `least`, and fewer than twice as many. The window slides in blocks: its
 * first turn stays the same for a while, so that providers find the beginning of the prompt in their caches.
 *
 * @param before Turns of the session before this one.
 */
export const turnsInWindow = (least: number, before: number): number => least + (before % least);

/**
 * How many of the newest turns, with this one, the window keeps when it slides next; undefined unless this is the turn with
 * which it is full enough to prepare that, one of those between two slides.
 *
 * @param from Share of the window that is enough.
 */
export const keptAtNextSlide = (least: number, before: number, from: number): number | undefined => {
  const place = before % least;
  const preparing = Math.min(Math.max(Math.ceil(from * 2 * least) - least, 0), least - 1);
  return before >= least && place === preparing ? place + 1 : undefined;
};

/**
 * The part of a conversation that a model sees, in a form that every chat template accepts, whatever failed, was
 * cancelled, overlapped or left the window: it begins with the user, roles alternate, no message is blank, and the last
 * one is an answer.
 *
 * @param most Largest number of turns.
 * @param interrupts Whether the message after it has interrupted the answer to the last one.
 */
export const windowOf = (messages: readonly RecentMessage[], most: number, interrupts = false): Window => {
  if (messages.length === 0) return { history: [], from: undefined };
  const turns = turnsOf(messages).filter(({ user }) => user !== undefined);
  const last = turns.at(-1);
  if (interrupts && last?.answers.length === 0) last.answers.push(interruptedBefore);
  const shown = turns.slice(-most);
  return {
    history: shown.flatMap(({ user = "", answers }) => [
      { role: "user", content: user },
      { role: "assistant", content: answers.join("\n\n") || unanswered },
    ]),
    from: shown[0] && Number(shown[0].seq),
  };
};
