import { type Formation, readSkills, readSops, type Skill, type Sop } from "@muxi/formation";
import { ApiError } from "@muxi/protocol";
import * as z from "zod";
import type { Endpoints } from "./endpoint.ts";

/** `skills` of a manifest (docs/spec/formation-files.md "Skill files"). */
const skillsSection = z.union([
  z.array(z.string()),
  z.looseObject({ names: z.array(z.string()).default([]) }).transform(({ names }) => names),
]);

const orNull = (list: readonly string[]) => (list.length === 0 ? null : [...list]);

const summaryOf = ({ name, title, mode, steps, agents }: Sop) => ({
  name,
  title,
  type: mode,
  steps: steps.length === 0 ? null : steps.length,
  agents_used: orNull(agents),
});

const shownSkill = (scope: "public" | "private") => (skill: Skill) => ({
  name: skill.name,
  description: skill.description,
  scope,
});

/**
 * The endpoints of docs/spec/formation-api.md "Procedures and skills". Files are read for each call, since they may
 * change.
 */
export const procedureEndpoints = ({ formation }: { formation: Formation }) => {
  const { dir } = formation;
  const publicNames = skillsSection.safeParse(formation.document.skills).data ?? [];

  return {
    async getSops() {
      const sops = await readSops(dir);
      return { sops: sops.map(summaryOf), count: sops.length };
    },

    async getSop({ params: { name } }) {
      const sop = (await readSops(dir)).find((candidate) => candidate.name === name);
      if (!sop) throw new ApiError("SOP_NOT_FOUND", `SOP '${name}' not found: GET /v1/sops lists them`);
      const { content, metadata, files } = sop;
      return { ...summaryOf(sop), content, metadata, references: orNull(files) };
    },

    async getSkills() {
      const skills = (await readSkills(dir, publicNames)).map(shownSkill("public"));
      return { skills, count: skills.length };
    },

    async getSkill({ params: { name } }) {
      const names = [...publicNames, ...formation.agents.flatMap(({ skills }) => skills)];
      const [skill] = await readSkills(
        dir,
        names.filter((candidate) => candidate === name),
      );
      if (!skill)
        throw new ApiError("RESOURCE_NOT_FOUND", `Skill '${name}' not found: GET /v1/skills lists them`);
      return {
        name: skill.name,
        description: skill.description,
        license: skill.license ?? null,
        compatibility: skill.compatibility ?? null,
        allowed_tools: skill.allowedTools ?? null,
        resources: skill.resources,
      };
    },

    async getAgentSkills({ params: { agent_id } }) {
      const agent = formation.agents.find(({ id }) => id === agent_id);
      if (!agent)
        throw new ApiError("AGENT_NOT_FOUND", `Agent '${agent_id}' not found: GET /v1/agents lists them`);
      const own = agent.skills.filter((name) => !publicNames.includes(name));
      const [shared, private_] = await Promise.all([readSkills(dir, publicNames), readSkills(dir, own)]);
      const skills = [...shared.map(shownSkill("public")), ...private_.map(shownSkill("private"))];
      return { agent_id, skills, count: skills.length };
    },
  } satisfies Partial<Endpoints>;
};
