import { type Finding, formatReport } from "@muxi/formation";
import type { FormationProblem } from "muxi-client";
import type { Ui } from "./ui.ts";

/** Shows what the validation of a formation warns of, when it does. */
export const showWarnings = ({ warnings }: { warnings: readonly Finding[] }, ui: Ui): void => {
  const [title, ...lines] = formatReport({ errors: [], warnings: [...warnings], suggestions: [] });
  if (title !== undefined) ui.warning(title, lines);
};

/** Shows what a running formation cannot use. */
export const warnOfProblems = (ui: Ui, problems: readonly FormationProblem[] = []): void => {
  if (problems.length === 0) return;
  const lines = problems.map(
    ({ kind, name, message }) => `${kind === "model" ? "Model" : "MCP server"} ${name}: ${message}`,
  );
  ui.warning("It runs, but cannot use everything that it names:", lines);
};
