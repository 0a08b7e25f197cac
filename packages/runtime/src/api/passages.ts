import type { Formation } from "@muxi/formation";
import { ApiError } from "@muxi/protocol";
import { describePassage, type Knowledge } from "../knowledge/index.ts";
import type { Endpoints } from "./endpoint.ts";

interface PassageDeps {
  formation: Pick<Formation, "agents" | "manifest">;
  knowledge: Pick<Knowledge, "passage">;
}

/** The passages of citations (docs/spec/formation-api.md "Citations"). */
export const passageEndpoints = ({ formation, knowledge }: PassageDeps) =>
  ({
    async getKnowledgePassage({ params: { agent_id, passage_id } }) {
      const agent = formation.agents.find(({ id }) => id === agent_id);
      if (!agent) throw new ApiError("AGENT_NOT_FOUND", `Agent '${agent_id}' not found`);
      const shows = formation.manifest.overlord.response.citations !== "none";
      const passage = shows ? await knowledge.passage(agent_id, passage_id) : undefined;
      if (!passage) {
        throw new ApiError(
          "RESOURCE_NOT_FOUND",
          `Passage '${passage_id}' not found: its document is gone or says something else by now. The citation has a quotation of it`,
        );
      }
      const { lines, text } = passage;
      return {
        id: passage_id,
        agent_id,
        ...describePassage(passage, agent.knowledge?.sources ?? []),
        ...(lines && { lines: [lines[0], lines[1]] as [number, number] }),
        text,
      };
    },
  }) satisfies Partial<Endpoints>;
