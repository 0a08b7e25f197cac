import type { ChildProcess } from "node:child_process";
import { type FormationProblem, type ProblemsQuestion, problemsAnswerSchema } from "@muxi/protocol";

export interface ProblemsWait {
  /** Whether the process waits for tool servers that are still starting. */
  wait: boolean;
  /** Gives up. */
  signal: AbortSignal;
}

/** Asks a process what it cannot use. @throws the signal's reason */
export type AskProblems = (options: ProblemsWait) => Promise<FormationProblem[]>;

/** Asks over the IPC channel. A process that has ended never answers. */
export const problemsAsker = (child: ChildProcess): AskProblems => {
  /** What is to be done with an answer, by the id of its question. */
  const waiting = new Map<number, (problems: FormationProblem[]) => void>();
  let asked = 0;
  child.on("message", (message) => {
    const { data } = problemsAnswerSchema().safeParse(message);
    if (data) waiting.get(data.id)?.(data.problems);
  });
  return async ({ wait, signal }) => {
    signal.throwIfAborted();
    asked += 1;
    const question: ProblemsQuestion = { type: "problems", id: asked, wait };
    let abort = () => {};
    try {
      return await new Promise<FormationProblem[]>((resolve, reject) => {
        abort = () => reject(signal.reason);
        waiting.set(question.id, resolve);
        signal.addEventListener("abort", abort);
        // Its channel closes with the process, whose end is noticed elsewhere.
        child.send(question, () => undefined);
      });
    } finally {
      waiting.delete(question.id);
      signal.removeEventListener("abort", abort);
    }
  };
};
