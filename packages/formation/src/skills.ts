import { readdir } from "node:fs/promises";
import { lazy } from "@muxi/protocol";
import * as z from "zod";
import { isHidden, readTextInside } from "./base/index.ts";
import { readFrontmatter } from "./frontmatter.ts";
import { section } from "./schema/common.ts";
import { unused } from "./schema/effects.ts";

/** A skill package without its instructions (docs/spec/formation-files.md "Skill files"). */
export interface Skill {
  name: string;
  description: string;
  license: string | undefined;
  compatibility: string | undefined;
  allowedTools: string[] | undefined;
  /** Files beside `SKILL.md`, relative to its folder. */
  resources: string[];
}

const mostResources = 500;

const tools = lazy(() =>
  z.union([z.array(z.string()), z.string().transform((text) => text.split(/[\s,]+/))]),
);

/** Keys of a skill's frontmatter. */
export const skillFrontmatter = lazy(() =>
  section({
    name: z.string().optional(),
    description: z.string().default(""),
    license: z.string().optional(),
    compatibility: z.string().optional(),
    "allowed-tools": tools().optional(),
    allowed_tools: tools().optional(),
    model: unused("Agents do not use skills"),
    metadata: z.unknown().optional(),
  }),
);

const usableName = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/**
 * Reads named skills from `skills/`, each name once.
 *
 * @param dir Formation folder.
 * @returns In the order of the names, without those that have no readable `SKILL.md`.
 */
export const readSkills = async (dir: string, names: readonly string[]): Promise<Skill[]> => {
  const skills: Skill[] = [];
  for (const name of new Set(names)) {
    if (!usableName.test(name)) continue;
    const read = await readTextInside(dir, `skills/${name}/SKILL.md`);
    if ("problem" in read) continue;
    const parts = readFrontmatter(`skills/${name}/SKILL.md`, read.text);
    const { success, data } = skillFrontmatter().safeParse(
      "problem" in parts ? undefined : parts.source.data,
    );
    if (!success) continue;
    const files = await readdir(`${dir}/skills/${name}`, { recursive: true, withFileTypes: true });
    const folder = `${dir}/skills/${name}`;
    skills.push({
      name,
      description: data.description,
      license: data.license,
      compatibility: data.compatibility,
      allowedTools: data["allowed-tools"] ?? data.allowed_tools,
      resources: files
        .filter((file) => file.isFile() && file.name !== "SKILL.md")
        .map((file) => `${file.parentPath}/${file.name}`.slice(folder.length + 1))
        .filter((file) => !isHidden(file))
        .sort()
        .slice(0, mostResources),
    });
  }
  return skills;
};
