import type { KnowledgeRebuilt } from "@muxi/protocol/types";
import type { CallOptions, Result } from "../../http/index.ts";
import { access, endpoint } from "../index.ts";

/** What agents know from documents. Needs the admin key (docs/spec/formation-api.md "Calls of other servers"). */
export interface KnowledgeMethods {
  /** Reads knowledge sources again: all of them, those of one agent, or one. */
  rebuild(
    args?: {
      /** Only the sources of this agent. Default: of all agents. */
      agentId?: string | undefined;
      /** Only this source. Default: all sources. */
      sourceId?: string | undefined;
    },
    options?: CallOptions,
  ): Promise<Result<KnowledgeRebuilt>>;
}

export const createKnowledge = (): KnowledgeMethods => ({
  rebuild: endpoint("rebuildKnowledge", "POST", "/knowledge/rebuild", access.admin, {
    agentId: true,
    sourceId: true,
  }),
});
