import type { Skill, SkillList } from "@muxi/protocol/types";
import { type CallOptions, fillPath, type Result } from "../../http/index.ts";
import { access, asyncMethod, dataOf, endpoint } from "../index.ts";

/** What agents have learnt to do (docs/spec/formation-api.md "Procedures and skills"). */
export interface SkillMethods {
  /** Lists the skills of the formation, or those of one agent. */
  list(
    args?: {
      /** Agent whose skills are listed. Default: the skills that every agent has. */
      agentId?: string | undefined;
    },
    options?: CallOptions,
  ): Promise<Result<SkillList>>;

  /** Reads one skill. */
  get(
    args: {
      /** Name of the skill. */
      name: string;
    },
    options?: CallOptions,
  ): Promise<Result<Skill>>;
}

export const createSkills = (): SkillMethods => ({
  list: asyncMethod("getSkills", "{ agentId }", async (caller, { agentId } = {}, options) => {
    const path = agentId === undefined ? "/skills" : fillPath("/agents/{agentId}/skills", { agentId });
    return dataOf<SkillList>(caller, { ...access.client, path }, options);
  }),
  get: endpoint("getSkill", "GET", "/skills/{name}", access.client, {}),
});
