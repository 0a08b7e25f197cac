import type {
  CitedPassage,
  Knowledge,
  KnowledgeDocument,
  KnowledgeDocumentList,
  KnowledgeFound,
  KnowledgeRebuilt,
  KnowledgeSynced,
} from "@muxi/protocol/types";
import type { CallOptions, Pages, Result } from "../../http/index.ts";
import { access, bareEndpoint, endpoint, pagedEndpoint, pagesOf } from "../index.ts";

/** Which documents of an agent to list. */
export interface KnowledgeDocumentFilter {
  /** Id of the agent. */
  agentId: string;
  /** Only documents of this state. Default: of both. */
  state?: "ready" | "unread" | undefined;
  /** Size of a page, 1 to 1000. Default 100. */
  limit?: number | undefined;
  /** Only documents after those of an earlier answer: its `next`. */
  before?: string | undefined;
}

/** What agents know from documents. All but `passage` need the admin key (docs/spec/formation-api.md "Knowledge"). */
export interface KnowledgeMethods {
  /** Lists the agents that have knowledge, and how far it is indexed. */
  status(options?: CallOptions): Promise<Result<Knowledge>>;

  /** Lists the documents that an agent knows, last read first: awaited, one page; iterated, all. */
  documents(
    filter?: KnowledgeDocumentFilter,
    options?: CallOptions,
  ): Pages<Result<KnowledgeDocumentList>, KnowledgeDocument>;

  /** Finds the passages that an agent would quote from. */
  search(
    args: {
      /** Id of the agent. */
      agentId: string;
      /** The question, as a user would ask it. */
      query: string;
      /** Most passages to return, 1 to 50. Default 20. */
      limit?: number | undefined;
    },
    options?: CallOptions,
  ): Promise<Result<KnowledgeFound>>;

  /**
   * Reads a passage that an answer rests on, with the client key. Throws `NotFoundError` when its document is gone or says
   * something else by now.
   *
   * @example
   * const { metadata } = await formation.chatStream({ message: "When do walks begin?" }, { userId }).final();
   * for (const { agent_id: agentId, id: passageId } of metadata?.citations ?? []) {
   *   console.log((await formation.getKnowledgePassage({ agentId, passageId })).text);
   * }
   */
  passage(
    args: {
      /** Agent whose knowledge it is from: `agent_id` of the citation. */
      agentId: string;
      /** Id of the passage: `id` of the citation. */
      passageId: string;
    },
    options?: CallOptions,
  ): Promise<Result<CitedPassage>>;

  /** Looks at the sources of an agent, and reads what is new or changed. It may take longer than `timeout`. */
  sync(
    args: {
      /** Id of the agent. */
      agentId: string;
      /** Only results of this source. Default: of all. */
      sourceId?: string | undefined;
      /** Whether to wait until all is read. Default true; otherwise `status` says how far it is. */
      wait?: boolean | undefined;
    },
    options?: CallOptions,
  ): Promise<Result<KnowledgeSynced>>;

  /** Reads documents anew: all, those of one agent, or those of one source. It may take longer than `timeout`. */
  rebuild(
    args?: {
      /** Only the documents of this agent. Default: of all agents. */
      agentId?: string | undefined;
      /** Only the documents of this source. Default: of all sources. */
      sourceId?: string | undefined;
      /** Whether to wait until all is read. Default true; otherwise `status` says how far it is. */
      wait?: boolean | undefined;
    },
    options?: CallOptions,
  ): Promise<Result<KnowledgeRebuilt>>;
}

export const createKnowledge = (): KnowledgeMethods => ({
  status: bareEndpoint("getKnowledge", "GET", "/knowledge", access.admin),
  documents: pagedEndpoint(
    "getKnowledgeDocuments",
    "/agents/{agentId}/knowledge",
    access.admin,
    { state: true, limit: true, before: true },
    pagesOf(({ documents }: KnowledgeDocumentList) => documents),
  ),
  search: endpoint("searchKnowledge", "GET", "/agents/{agentId}/knowledge/search", access.admin, {
    query: true,
    limit: true,
  }),
  sync: endpoint("syncKnowledge", "POST", "/agents/{agentId}/knowledge/sync", access.admin, {
    sourceId: true,
    wait: true,
  }),
  passage: endpoint(
    "getKnowledgePassage",
    "GET",
    "/agents/{agentId}/knowledge/passages/{passageId}",
    access.client,
    {},
  ),
  rebuild: endpoint("rebuildKnowledge", "POST", "/knowledge/rebuild", access.admin, {
    agentId: true,
    sourceId: true,
    wait: true,
  }),
});
