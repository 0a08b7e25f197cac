import * as z from "zod";
import { lazy } from "../base/index.ts";
import {
  citedPassageSchema,
  knowledgeDocumentListQuerySchema,
  knowledgeDocumentListSchema,
  knowledgeFoundSchema,
  knowledgeRebuildRequestSchema,
  knowledgeRebuiltSchema,
  knowledgeSchema,
  knowledgeSearchQuerySchema,
  knowledgeSyncedSchema,
  knowledgeSyncRequestSchema,
} from "../schemas/index.ts";
import { agentId, id } from "./parameters.ts";
import { type Route, route } from "./route.ts";

const ofAdmin = { tag: "Knowledge", key: "admin", object: "knowledge" } as const;
const accepted = { status: 202, object: "knowledge", type: "knowledge.accepted" } as const;

const passageId = lazy(() =>
  z.object({ agent_id: id("Id of the agent"), passage_id: id("Id of the passage, from a citation") }),
);

/** What agents know from documents (docs/spec/formation-api.md "Knowledge"). */
export const knowledgeRoutes = {
  getKnowledge: route({
    ...ofAdmin,
    method: "GET",
    path: "/knowledge",
    summary: "List the agents that have knowledge, and how far it is indexed",
    type: "knowledge.list",
    data: knowledgeSchema,
  }),
  rebuildKnowledge: route({
    ...ofAdmin,
    method: "POST",
    path: "/knowledge/rebuild",
    summary: "Read documents anew: all, those of an agent, or those of a source",
    body: knowledgeRebuildRequestSchema,
    type: "knowledge.rebuilt",
    background: accepted,
    data: knowledgeRebuiltSchema,
    errors: ["AGENT_NOT_FOUND", "RESOURCE_NOT_FOUND", "SERVICE_UNAVAILABLE"],
  }),
  getKnowledgeDocuments: route({
    ...ofAdmin,
    method: "GET",
    path: "/agents/{agent_id}/knowledge",
    summary: "List the documents that an agent knows, last read first",
    params: agentId,
    query: knowledgeDocumentListQuerySchema,
    type: "knowledge.document.list",
    data: knowledgeDocumentListSchema,
    errors: ["AGENT_NOT_FOUND"],
  }),
  searchKnowledge: route({
    ...ofAdmin,
    method: "GET",
    path: "/agents/{agent_id}/knowledge/search",
    summary: "Find the passages that an agent would quote from",
    params: agentId,
    query: knowledgeSearchQuerySchema,
    type: "knowledge.found",
    data: knowledgeFoundSchema,
    errors: ["AGENT_NOT_FOUND"],
  }),
  syncKnowledge: route({
    ...ofAdmin,
    method: "POST",
    path: "/agents/{agent_id}/knowledge/sync",
    summary: "Look at the sources of an agent, and read what is new or changed",
    params: agentId,
    body: knowledgeSyncRequestSchema,
    type: "knowledge.synced",
    background: accepted,
    data: knowledgeSyncedSchema,
    errors: ["AGENT_NOT_FOUND", "INVALID_REQUEST", "RESOURCE_NOT_FOUND", "SERVICE_UNAVAILABLE"],
  }),
  getKnowledgePassage: route({
    method: "GET",
    path: "/agents/{agent_id}/knowledge/passages/{passage_id}",
    summary: "Get a passage that an answer rests on",
    tag: "Knowledge",
    params: passageId,
    object: "knowledge_passage",
    type: "knowledge.passage.retrieved",
    data: citedPassageSchema,
    errors: ["AGENT_NOT_FOUND", "RESOURCE_NOT_FOUND"],
  }),
} as const satisfies Record<string, Route>;
