import type { RecentMessage } from "../store/index.ts";

/** A message of the conversation as every chat template takes it. */
export interface HistoryMessage {
  role: "user" | "assistant";
  content: string;
}

/** Stands for an answer that never came, so that the next message does not seem to belong to the one before. */
const unanswered = "(No answer was given to this message.)";

/** What belongs to one message of the user: that one, and what was answered. */
interface HistoryTurn {
  user: string | undefined;
  answers: string[];
}

/**
 * Turns in their order. Messages that came while another one was being answered stand before its answer in the
 * database: each answer goes to its own message.
 */
const turnsOf = (messages: readonly RecentMessage[]): HistoryTurn[] => {
  const turns: HistoryTurn[] = [];
  const byRequest = new Map<string, HistoryTurn>();
  // A restored session may hold texts of the system; no template takes them behind the first message.
  let notes: string[] = [];
  for (const { role, content, requestId } of messages) {
    if (content.trim() === "") continue;
    if (role === "system") {
      notes.push(content);
      continue;
    }
    if (role === "assistant") {
      const turn = (requestId !== null && byRequest.get(requestId)) || turns.at(-1);
      if (turn) turn.answers.push(content);
      else turns.push({ user: undefined, answers: [content] });
      continue;
    }
    const turn = { user: [...notes, content].join("\n\n"), answers: [] };
    notes = [];
    turns.push(turn);
    // The answer to a question belongs to the request that asked: what comes next answers this message.
    if (requestId !== null) byRequest.set(requestId, turn);
  }
  return turns;
};

/**
 * How many turns a model sees: at least `least`, at most twice as many. The first one stays the same while the
 * conversation grows, and then makes a step, so that providers find the beginning of a prompt in their caches.
 *
 * @param before Turns of the session before this one.
 */
export const turnsInWindow = (least: number, before: number): number => least + (before % least);

/**
 * The part of a conversation that a model sees, in a form that every chat template accepts, whatever failed, was
 * cancelled, came at once or fell out of the window: it begins with the user, roles alternate, nothing is blank, and it
 * ends with an answer.
 *
 * @param most Turns.
 */
export const historyOf = (messages: readonly RecentMessage[], most: number): HistoryMessage[] =>
  turnsOf(messages)
    .filter(({ user }) => user !== undefined)
    .slice(-most)
    .flatMap(({ user = "", answers }) => [
      { role: "user", content: user },
      { role: "assistant", content: answers.join("\n\n") || unanswered },
    ]);
