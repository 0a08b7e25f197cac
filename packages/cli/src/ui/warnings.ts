import { type Finding, formatReport } from "@muxi/formation";
import { isLoopback } from "@muxi/server";
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

/** Says when secrets travel to or from another machine without encryption (docs/spec/cli.md "muxi deploy"). */
export const warnOfPlainHttp = (ui: Ui, url: string, what: string): void => {
  const { protocol, hostname } = new URL(url);
  if (protocol === "https:" || isLoopback(hostname)) return;
  ui.warning(`${what}, and anyone between here and ${hostname} can read it`, [
    "Configure a certificate (server.tls) on the server, and use an https:// address in its profile",
  ]);
};
