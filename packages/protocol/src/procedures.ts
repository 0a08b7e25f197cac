import * as z from "zod";
import { lazy, named } from "./lazy.ts";

const summary = () => ({
  name: z.string(),
  title: z.string(),
  type: z.string(),
  steps: z.array(z.string()).nullable(),
  agents_used: z.array(z.string()).nullable(),
});

/** Standard operating procedures (docs/spec/formation-files.md "SOP files"). */
export const sopListSchema = named("SopList", () =>
  z.object({ sops: z.array(z.object(summary())), count: z.number().int() }),
);

export const sopSchema = named("Sop", () =>
  z.object({
    ...summary(),
    content: z.string(),
    metadata: z.record(z.string(), z.unknown()),
    references: z.array(z.string()).nullable().describe("Files that its steps name"),
  }),
);

const skillSummary = lazy(() =>
  z.object({
    name: z.string(),
    description: z.string(),
    scope: z.enum(["public", "private"]),
  }),
);

export const skillListSchema = named("SkillList", () =>
  z.object({ skills: z.array(skillSummary()), count: z.number().int() }),
);

export const agentSkillListSchema = named("AgentSkillList", () =>
  skillListSchema().extend({ agent_id: z.string() }),
);

export const skillSchema = named("Skill", () =>
  z.object({
    name: z.string(),
    description: z.string(),
    license: z.string().nullable(),
    compatibility: z.string().nullable(),
    allowed_tools: z.array(z.string()).nullable(),
    resources: z.array(z.string()).describe("Files beside SKILL.md"),
  }),
);
