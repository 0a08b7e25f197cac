import { readdir } from "node:fs/promises";
import { isObject } from "@muxi/protocol";
import { isHidden, isMissing, type Path, readTextInside } from "./base/index.ts";
import type { Loaded } from "./components.ts";
import type { AgentDefinition } from "./formation.ts";
import { readFrontmatter } from "./frontmatter.ts";
import type { LoadContext } from "./load-context.ts";
import { openFrontmatter } from "./markdown-files.ts";
import type { Manifest } from "./schema/manifest.ts";
import { skillFrontmatter } from "./skills.ts";
import { findingAt, type Place, validate } from "./validate.ts";

/** A list of names of skills, and where it is. */
interface NamedSkills {
  names: readonly unknown[];
  place: Place;
  path: Path;
}

/** The names of skills in `skills` of the manifest, a list or `{ names: […] }`, and of agents. */
export const namedSkills = (
  { skills }: Manifest,
  place: Place,
  agents: readonly Loaded<AgentDefinition>[],
): NamedSkills[] => {
  const path = isObject(skills) ? ["skills", "names"] : ["skills"];
  const names = isObject(skills) ? skills.names : skills;
  return [
    { names: Array.isArray(names) ? names : [], place, path },
    ...agents.map(({ definition, place: at }) => ({ names: definition.skills, place: at, path: ["skills"] })),
  ];
};

const foldersOf = async (dir: string): Promise<string[]> => {
  try {
    const entries = await readdir(`${dir}/skills`, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.isFile() && !isHidden(entry.name))
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
};

/**
 * Warns of skills that cannot be read, of what is odd in others, and of their rules, which are not enforced
 * (docs/spec/formation-files.md "Skill files", "Access control").
 */
export const checkSkills = async (
  { dir, report }: LoadContext,
  named: readonly NamedSkills[],
): Promise<void> => {
  const folders = await foldersOf(dir);
  for (const { names, place, path } of named) {
    for (const [index, name] of names.entries()) {
      if (typeof name !== "string" || folders.includes(name)) continue;
      const hint = `Available: ${folders.join(", ") || "none"}`;
      const message = `names the skill ${name}, which has no skills/${name}/SKILL.md`;
      report.warnings.push(findingAt(place, [...path, index], message, hint));
    }
  }
  for (const folder of folders) {
    const file = `skills/${folder}/SKILL.md`;
    const read = await readTextInside(dir, file);
    const parts = "problem" in read ? read : readFrontmatter(file, read.text);
    if ("problem" in parts) {
      report.warnings.push(parts.problem);
      continue;
    }
    const { source } = parts;
    const place = { source, base: [] };
    const checked = validate(skillFrontmatter(), source.data, place);
    report.warnings.push(
      ...openFrontmatter(file, parts),
      ...source.warnings,
      ...("errors" in checked ? checked.errors : []),
      ...checked.warnings,
    );
    const rule = ["allowed-tools", "allowed_tools"].find((key) => source.data[key] !== undefined);
    if (rule === undefined) continue;
    const message = "is not enforced: agents can use all of their tools";
    const hint = "Restrict the tools with tools.allow of the agent's mcp_servers";
    report.warnings.push(findingAt(place, [rule], message, hint));
  }
};
