import {
  agentSkillListSchema,
  skillListSchema,
  skillSchema,
  sopListSchema,
  sopSchema,
} from "../schemas/index.ts";
import { agentId, fileName } from "./parameters.ts";
import { type Route, route } from "./route.ts";

/** Procedures and skills (docs/spec/formation-api.md "Procedures and skills"). */
export const proceduresRoutes = {
  getSops: route({
    method: "GET",
    path: "/sops",
    summary: "List the standard operating procedures",
    tag: "Procedures",
    object: "sop_list",
    type: "sops.list",
    data: sopListSchema,
  }),
  getSop: route({
    method: "GET",
    path: "/sops/{name}",
    summary: "Get a procedure with its text",
    tag: "Procedures",
    params: fileName,
    object: "sop",
    type: "sop.retrieved",
    data: sopSchema,
    errors: ["SOP_NOT_FOUND"],
  }),
  getSkills: route({
    method: "GET",
    path: "/skills",
    summary: "List the skills that every agent has",
    tag: "Procedures",
    object: "list",
    type: "skill.list",
    data: skillListSchema,
  }),
  getSkill: route({
    method: "GET",
    path: "/skills/{name}",
    summary: "Get a skill",
    tag: "Procedures",
    params: fileName,
    object: "skill",
    type: "skill.retrieved",
    data: skillSchema,
    errors: ["RESOURCE_NOT_FOUND"],
  }),
  getAgentSkills: route({
    method: "GET",
    path: "/agents/{agent_id}/skills",
    summary: "List an agent's skills: those of every agent and its own",
    tag: "Procedures",
    params: agentId,
    object: "list",
    type: "skill.list",
    data: agentSkillListSchema,
    errors: ["AGENT_NOT_FOUND"],
  }),
} as const satisfies Record<string, Route>;
