import * as z from "zod";
import {
  before,
  count,
  lazy,
  limit,
  named,
  namedRequest,
  next,
  orNull,
  text,
  unixMilliseconds,
} from "../base/index.ts";

const sourceId = () => text("Id of the source; without one of its own its path or URL");
const wait = () =>
  z
    .boolean()
    .default(true)
    .describe(
      "Whether the answer comes when all is read, default true; with `false` it comes at once, and the list of knowledge says how far it is",
    );
const outcome = () =>
  z
    .enum(["completed", "processing"])
    .describe("`completed`, or `processing` when the call does not wait: there are no results yet");

/** docs/spec/formation-api.md "Knowledge". */
export const agentKnowledgeSchema = named("AgentKnowledge", "What an agent knows from documents.", () =>
  z.object({
    agent_id: text("Id of the agent whose documents these are"),
    sources: z.array(z.string()).describe("Ids of its sources, in the order of the manifest"),
    state: z
      .enum(["waiting", "indexing", "ready"])
      .describe(
        "`indexing` while its documents are being read, `waiting` when they are going to be, `ready` otherwise",
      ),
    documents: count("documents, those that cannot be read among them"),
    unread: count("documents that cannot be read"),
    passages: count("passages that can be found"),
    progress: z
      .object({
        looked: count("documents that were looked at so far"),
        found: count("documents that the sources have"),
      })
      .optional()
      .describe("How far it is while it is being indexed; absent otherwise"),
    indexed_at: orNull(unixMilliseconds("When its sources were looked at last; null for never")),
    elsewhere: z
      .array(
        z.object({
          source_id: sourceId(),
          synced_at: orNull(unixMilliseconds("When all of it was last brought up to date; null for never")),
          due_at: orNull(unixMilliseconds("When it is looked at next; null for not before the next start")),
          error: orNull(text("Why the last sync failed; null when it did not")),
        }),
      )
      .optional()
      .describe("How its sources with a URL stand; absent where it has none"),
  }),
);

export const knowledgeSchema = named("Knowledge", "What the agents know from documents.", () =>
  z.object({
    agents: z
      .array(agentKnowledgeSchema())
      .describe("The agents that have knowledge, in the order of the manifest"),
    count: count("agents"),
  }),
);

export const knowledgeDocumentSchema = named("KnowledgeDocument", "A document that an agent knows.", () =>
  z.object({
    document: text("Its file, relative to the formation"),
    state: z.enum(["ready", "unread"]).describe("`unread` when it cannot be read"),
    failure: orNull(
      z
        .object({
          code: text("`broken`, `encrypted`, `too_large`, `too_slow` and so on"),
          reason: text("What is wrong with it"),
        })
        .describe("Why it cannot be read; null when it can be"),
    ),
    passages: count("its passages"),
    indexed_at: unixMilliseconds("When it was read"),
  }),
);

export const knowledgeDocumentListSchema = named(
  "KnowledgeDocumentList",
  "Documents that an agent knows.",
  () =>
    z.object({
      agent_id: text("Id of the agent whose documents these are"),
      documents: z.array(knowledgeDocumentSchema()).describe("The documents that fit, last read first"),
      count: count("documents in this answer"),
      next: next(),
    }),
);

export const knowledgeDocumentListQuerySchema = lazy(() =>
  z.object({
    state: z.enum(["ready", "unread"]).optional().describe("Only documents of this state"),
    limit: limit("Documents to return", 1000, 100),
    before: before(),
  }),
);

export const foundPassageSchema = named("FoundPassage", "A passage of a document that fits a question.", () =>
  z.object({
    document: text("File that it is from, relative to the formation"),
    place: text("The same with the page, slide or sheet, for people"),
    headings: z.array(z.string()).describe("The headings above it, the highest first"),
    score: z.number().describe("How well it fits, compared with others of this answer"),
    text: text("The passage"),
  }),
);

export const knowledgeFoundSchema = named("KnowledgeFound", "What an agent would quote from.", () =>
  z.object({
    agent_id: text("Id of the agent whose documents these are"),
    query: text("The question"),
    passages: z.array(foundPassageSchema()).describe("The passages, best first"),
    count: count("passages"),
  }),
);

export const knowledgeSearchQuerySchema = lazy(() =>
  z.object({
    query: z.string().trim().min(1).max(10_000).describe("The question, as a user would ask it"),
    limit: limit("Most passages to return", 50, 20),
  }),
);

export const knowledgeSyncRequestSchema = namedRequest(
  "KnowledgeSyncRequest",
  "Which sources of an agent to look at.",
  () => z.object({ source_id: sourceId().optional(), wait: wait() }).prefault({}),
);

export const syncedSourceSchema = named("SyncedSource", "A source that was looked at.", () =>
  z.object({
    source_id: sourceId(),
    status: z.enum(["synced", "failed"]).describe("`failed` when it could not be looked at"),
    documents: count("documents in it"),
    read: count("documents that were new or changed, and were read"),
    unread: count("documents that cannot be read"),
    passages: count("passages of its documents"),
    error: text("Why it could not be looked at; absent otherwise").optional(),
  }),
);

export const knowledgeSyncedSchema = named("KnowledgeSynced", "The sources of an agent were looked at.", () =>
  z.object({
    agent_id: text("Id of the agent whose documents these are"),
    status: outcome(),
    results: z.array(syncedSourceSchema()).describe("What came of each source that was asked for"),
    removed: count("documents of the agent that were no longer there"),
    duration_ms: z.number().int().describe("How long it took, in milliseconds"),
  }),
);

export const knowledgeRebuildRequestSchema = namedRequest(
  "KnowledgeRebuildRequest",
  "Which documents to read anew.",
  () =>
    z
      .object({
        agent_id: text("Only documents of this agent").optional(),
        source_id: sourceId().optional(),
        wait: wait(),
      })
      .prefault({}),
);

export const rebuiltAgentSchema = named("RebuiltAgent", "Documents of an agent were read anew.", () =>
  z.object({
    rebuilt: z
      .array(z.object({ source_id: sourceId(), node_count: count("passages of its documents") }))
      .describe("Sources whose documents were read"),
    failed: z
      .array(z.object({ source_id: sourceId(), error: text("Why") }))
      .describe("Sources that could not be looked at"),
    skipped: z.array(z.object({ source_id: sourceId() })).describe("Sources that were not asked for"),
  }),
);

export const knowledgeRebuiltSchema = named("KnowledgeRebuilt", "Documents were read anew.", () =>
  z.object({
    status: outcome(),
    agents: z.record(z.string(), rebuiltAgentSchema()).describe("What was done, by the agent's id"),
    source_id: orNull(text("The source that was asked for; null when none was")),
  }),
);
