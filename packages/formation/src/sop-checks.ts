import { posix } from "node:path";
import { resolveInside } from "./base/index.ts";
import type { AgentDefinition } from "./formation.ts";
import type { LoadContext } from "./load-context.ts";
import { cannotWait, placesOf, readSopFiles, type SopFile } from "./sops.ts";
import { findingAt } from "./validate.ts";

/** Whether a `[file:…]` of a procedure names a file. */
const namesFile = async (dir: string, { file }: SopFile, named: string): Promise<boolean> => {
  for (const place of placesOf(file, named)) {
    if ((await resolveInside(dir, place)) !== undefined) return true;
  }
  return false;
};

/**
 * Warns of procedures that are not read, and of what is odd in others (docs/spec/formation-files.md "SOP files").
 *
 * @param agents Undefined when not all of them are known.
 * @param servers Ids of the MCP servers; undefined when not all of them are known.
 */
export const checkSops = async (
  { dir, report }: LoadContext,
  agents: readonly AgentDefinition[] | undefined,
  servers: readonly string[] | undefined,
): Promise<void> => {
  const ids = agents?.map(({ id }) => id);
  const warn = report.warnings;
  const files = await readSopFiles(dir);
  const referred = new Set(files.flatMap(({ sop }) => sop?.files ?? []).map((name) => posix.basename(name)));
  const seen = new Map<string, string>();
  for (const each of files) {
    const { file, sop, place } = each;
    warn.push(...each.warnings);
    if (!sop || !place) {
      const isResource = referred.has(posix.basename(file)) || posix.basename(file) === "README.md";
      if (each.warnings.length > 0 || isResource) continue;
      const message = "is not a procedure, and none names it";
      warn.push({ file, path: "", message, hint: "Begin it with the lines ---, type: sop and ---" });
      continue;
    }
    const earlier = seen.get(sop.name);
    if (earlier !== undefined) {
      const message = `has the name of ${earlier}, which is used`;
      warn.push({ file, path: "", message, hint: "Give one of them another name" });
    }
    seen.set(sop.name, earlier ?? file);
    for (const agent of sop.agents) {
      if (ids === undefined || ids.includes(agent)) continue;
      const message = `names the agent ${agent}, which the formation does not have`;
      warn.push({ file, path: "", message, hint: `Available: ${ids.join(", ")}` });
    }
    for (const tool of sop.steps.flatMap(({ tools }) => tools)) {
      const [server = ""] = tool.split("/");
      if (servers === undefined || servers.includes(server)) continue;
      const message = `names the MCP server ${server}, which the formation does not have`;
      const hint = servers.length === 0 ? "Add it to mcp/" : `Available: ${servers.join(", ")}`;
      warn.push({ file, path: "", message, hint });
    }
    for (const skill of sop.skills) {
      const message = `names the skill ${skill}, which has no effect: agents do not use skills`;
      warn.push({
        file,
        path: "",
        message,
        hint: "Write what is to be done into the step, or give the agent a tool",
      });
    }
    for (const named of sop.files) {
      if (await namesFile(dir, each, named)) continue;
      const message = `names the file ${named}, which does not exist`;
      warn.push({ file, path: "", message, hint: "Give its path below sops/ or below the formation folder" });
    }
    if (sop.content.trim() === "") {
      const hint = "Write numbered steps below the heading Steps";
      warn.push({ file, path: "", message: "has no text", hint });
    }
    if (cannotWait(sop)) {
      const message =
        "cannot be enforced: only steps that are carried out as they are written can wait for a yes";
      const hint = "Write numbered steps, and leave mode out or make it template";
      report.errors.push(findingAt(place, ["bypass_approval"], message, hint));
    }
  }
};
