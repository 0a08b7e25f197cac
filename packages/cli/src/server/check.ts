import type { DeploymentCheck } from "muxi-client";

/** What a server is to check of a formation, by the options of a command (docs/spec/cli.md "muxi deploy", "muxi up"). */
export const checkFor = ({ check, force }: { check: boolean; force: boolean }): DeploymentCheck => {
  if (force) return "report";
  return check ? "all" : "models";
};
