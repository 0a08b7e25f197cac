import * as z from "zod";
import { count, named, orNull, text } from "../base/index.ts";

const summary = () => ({
  name: text("Name of the procedure: that of its file, without the extension"),
  title: text("Name in the frontmatter, or the name of the file"),
  type: z
    .enum(["template", "guide"])
    .describe("Whether its steps are carried out as written, or are a guide"),
  steps: orNull(count("steps").describe("Number of its steps; null when it has none")),
  agents_used: orNull(z.array(z.string()).describe("Ids of the agents that its steps name; null for none")),
});

/** docs/spec/formation-api.md "Procedures and skills". */
export const sopSummarySchema = named("SopSummary", "A standard operating procedure, without its text.", () =>
  z.object(summary()),
);

export const sopListSchema = named("SopList", "The standard operating procedures of a formation.", () =>
  z.object({ sops: z.array(sopSummarySchema()).describe("All procedures"), count: count("procedures") }),
);

export const sopSchema = named("Sop", "A standard operating procedure with its text.", () =>
  z.object({
    ...summary(),
    content: text("The text, as Markdown"),
    metadata: z.record(z.string(), z.unknown()).describe("Frontmatter of the file; empty when there is none"),
    references: orNull(z.array(z.string()).describe("Files that its steps name; null for none")),
  }),
);

export const skillSummarySchema = named("SkillSummary", "A skill, without its details.", () =>
  z.object({
    name: text("Name of the skill"),
    description: text("What the skill is good for"),
    scope: z.enum(["public", "private"]).describe("`public` for all agents, `private` for one"),
  }),
);

const skillList = () => ({
  skills: z.array(skillSummarySchema()).describe("The skills, without their details"),
  count: count("skills"),
});

export const skillListSchema = named("SkillList", "The skills that every agent has.", () =>
  z.object(skillList()),
);

export const agentSkillListSchema = named(
  "AgentSkillList",
  "The skills of one agent: those that every agent has, and its own.",
  () => z.object({ ...skillList(), agent_id: text("Agent whose skills they are") }),
);

export const skillSchema = named("Skill", "A skill with its details.", () =>
  z.object({
    name: text("Name of the skill"),
    description: text("What the skill is good for"),
    license: orNull(text("Licence of the skill; null when it names none")),
    compatibility: orNull(text("What the skill needs to work; null when it names nothing")),
    allowed_tools: orNull(
      z.array(z.string()).describe("Tools that the skill may use; null when it names none"),
    ),
    resources: z.array(z.string()).describe("Files beside SKILL.md, relative to it"),
  }),
);
