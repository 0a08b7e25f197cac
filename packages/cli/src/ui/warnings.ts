import { type Finding, formatReport } from "@muxi/formation";
import type { Ui } from "./ui.ts";

/** Shows what the validation of a formation warns of, when it does. */
export const showWarnings = ({ warnings }: { warnings: readonly Finding[] }, ui: Ui): void => {
  const [title, ...lines] = formatReport({ errors: [], warnings: [...warnings], suggestions: [] });
  if (title !== undefined) ui.warning(title, lines);
};
