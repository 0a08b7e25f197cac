import * as z from "zod";

const summary = {
  name: z.string(),
  title: z.string(),
  type: z.string(),
  steps: z.array(z.string()).nullable(),
  agents_used: z.array(z.string()).nullable(),
};

/** Standard operating procedures (contract/formation.md 11). */
export const sopListSchema = z
  .object({ sops: z.array(z.object(summary)), count: z.number().int() })
  .meta({ id: "SopList" });

export const sopSchema = z
  .object({
    ...summary,
    content: z.string(),
    metadata: z.record(z.string(), z.unknown()),
    references: z.array(z.string()).nullable().describe("Files that its steps name"),
  })
  .meta({ id: "Sop" });

const skillSummary = z.object({
  name: z.string(),
  description: z.string(),
  scope: z.enum(["public", "private"]),
});

export const skillListSchema = z
  .object({ skills: z.array(skillSummary), count: z.number().int() })
  .meta({ id: "SkillList" });

export const agentSkillListSchema = skillListSchema
  .extend({ agent_id: z.string() })
  .meta({ id: "AgentSkillList" });

export const skillSchema = z
  .object({
    name: z.string(),
    description: z.string(),
    license: z.string().nullable(),
    compatibility: z.string().nullable(),
    allowed_tools: z.array(z.string()).nullable(),
    resources: z.array(z.string()).describe("Files beside SKILL.md"),
  })
  .meta({ id: "Skill" });
