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
  let asked = 0;
  return ({ wait, signal }) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      asked += 1;
      const question: ProblemsQuestion = { type: "problems", id: asked, wait };
      const settle = () => {
        child.off("message", read);
        signal.removeEventListener("abort", abort);
      };
      const read = (message: unknown) => {
        const { data } = problemsAnswerSchema().safeParse(message);
        if (data?.id !== question.id) return;
        settle();
        resolve(data.problems);
      };
      const abort = () => {
        settle();
        reject(signal.reason);
      };
      child.on("message", read);
      signal.addEventListener("abort", abort);
      // Its channel closes with the process, whose end is noticed elsewhere.
      child.send(question, () => undefined);
    });
};
