import { type Formation, maskSecrets } from "@muxi/formation";
import { ApiError, ingestionItemSchema, memoryConfigSchema, memoryImportedSchema } from "@muxi/protocol";
import type * as z from "zod";
import { isoTime } from "../base/index.ts";
import type { Asking, ItemStatus, MemoryEntries, TracedMemory } from "../memory/index.ts";
import type { MemoryScope, MemoryVersion, StoredMemory } from "../store/index.ts";
import { type Endpoints, streamed } from "./endpoint.ts";
import { answerLines } from "./lines.ts";
import { readPart } from "./list-page.ts";
import type { KeyUsed } from "./received.ts";

interface MemoryDeps {
  formation: Formation;
  entries: MemoryEntries;
  /** Finds the owner of a user's data by the user's identifier. */
  ownerOf: (identifier: string) => string;
}

/** Most refusals that an answer lists. */
const mostErrors = 20;

const notFound = (id: string) =>
  new ApiError("NOT_FOUND", `Memory '${id}' not found: GET /v1/memories lists them`);

/** Groups have no members yet, so only the admin may read their memories. */
const readable = (keyUsed: KeyUsed): readonly MemoryScope[] =>
  keyUsed === "admin" ? ["user", "group", "formation"] : ["user", "formation"];

const timeOrNull = (time: number | null): string | null => (time === null ? null : isoTime(time));

const memoryOf = (memory: StoredMemory) => ({
  id: memory.id,
  content: memory.content,
  created_at: isoTime(memory.createdAt),
  metadata: { ...memory.metadata, collection: memory.collection, updated_at: isoTime(memory.updatedAt) },
  scope: memory.scope,
  scope_id: memory.scopeId,
  pinned: memory.isPinned,
  expires_at: timeOrNull(memory.expiresAt),
});

const originOf = (from: StoredMemory | MemoryVersion) => ({
  source: from.source,
  source_id: from.sourceId,
  session_id: from.sessionId,
  request_id: from.requestId,
  message_id: from.messageId,
  quote: from.quote,
  said_at: timeOrNull(from.saidAt),
});

const detailOf = ({ memory, history }: TracedMemory) => ({
  ...memoryOf(memory),
  valid_from: isoTime(memory.validFrom),
  origin: originOf(memory),
  history: history.map((version) => ({
    content: version.content,
    collection: version.collection,
    valid_from: isoTime(version.validFrom),
    valid_to: isoTime(version.validTo),
    origin: originOf(version),
  })),
});

const lineOf = (traced: TracedMemory) => {
  const { id, content, created_at, pinned, expires_at, valid_from, origin, history } = detailOf(traced);
  const { collection, subject, importance, metadata } = traced.memory;
  return {
    ...{ id, content, collection, subject, importance, metadata, pinned, expires_at, created_at, valid_from },
    ...origin,
    history,
  };
};

const linesOf = async function* (all: AsyncIterable<TracedMemory[]>) {
  for await (const some of all) yield some.map(lineOf);
};

const countsOf = (statuses: readonly ItemStatus[]) => {
  const count = (status: ItemStatus) => statuses.filter((each) => each === status).length;
  return { accepted: count("accepted"), duplicate: count("duplicate"), invalid: count("invalid") };
};

/** Memories as their users list, add and delete them (docs/spec/formation-api.md "Memories"). */
export const memoryEndpoints = ({ formation, entries, ownerOf }: MemoryDeps) => {
  const formationId = formation.id;
  const { max_memory_entry_size: longest, max_batch_items: mostItems } = formation.manifest.input_limits;

  /** The reason why a text is refused. */
  const tooLong = ({
    content,
    detail = "",
  }: {
    content?: string | undefined;
    detail?: string | undefined;
  }) => {
    const { length } = content || detail;
    return length > longest
      ? `The memory has ${length} characters; the limit is ${longest} (input_limits.max_memory_entry_size)`
      : undefined;
  };

  const refuseTooLong = (body: { content?: string | undefined; detail?: string | undefined }): void => {
    const refusal = tooLong(body);
    if (refusal === undefined) return;
    const field = body.content ? "content" : "detail";
    throw new ApiError("INVALID_PARAMS", refusal, {
      data: { validation_errors: [{ field, msg: refusal, type: "string", error: "too_long" }] },
    });
  };

  /** One of many memories, or the reason why it is refused. */
  const checked = <Data extends { content?: string | undefined; detail?: string | undefined }>(
    schema: z.ZodType<Data>,
    item: unknown,
  ): { data: Data | undefined; refusal: string | undefined } => {
    const { data, error } = schema.safeParse(item);
    const [issue] = error?.issues ?? [];
    const refusal = issue
      ? [issue.path.join("."), issue.message].filter(Boolean).join(": ")
      : data && tooLong(data);
    return { data: refusal === undefined ? data : undefined, refusal };
  };

  /** Single memories: those that are shared are the admin's to see and to change. */
  const askingFor = (userId: string, keyUsed: KeyUsed): Asking => ({
    owner: { formationId, userId },
    scopes: keyUsed === "admin" ? ["user", "group", "formation"] : ["user"],
  });

  return {
    async getMemoryConfig() {
      return memoryConfigSchema().parse(maskSecrets(formation.manifest.memory));
    },

    async getMemories({ query, userId, keyUsed }) {
      const allowed = readable(keyUsed);
      const scopes = query.scopes?.filter((scope) => allowed.includes(scope)) ?? allowed;
      const asking = { owner: { formationId, userId }, scopes };
      const { rows, next } = await readPart(
        query,
        (page) => entries.list(asking, { ...page, offset: query.offset, collections: query.collections }),
        ({ createdAt: at, seq }) => ({ at, seq }),
      );
      return {
        memories: rows.map(memoryOf),
        count: rows.length,
        next,
      };
    },

    async addMemory({ body, userId, keyUsed }) {
      if (body.scope !== "user" && keyUsed !== "admin") {
        throw new ApiError(
          "FORBIDDEN",
          `Memories of the scope '${body.scope}' are shared between users: write them with the admin key`,
        );
      }
      refuseTooLong(body);
      const { id, memory } = await entries.add({ formationId, userId }, body);
      return {
        id,
        content: memory.content,
        created_at: isoTime(memory.now),
        metadata: { ...memory.metadata, collection: memory.collection },
        scope: memory.scope,
        scope_id: memory.scopeId,
      };
    },

    async addMemories({ body, userId }) {
      if (body.items.length > mostItems) {
        throw new ApiError(
          "INVALID_PARAMS",
          `There are ${body.items.length} items; the limit is ${mostItems} (input_limits.max_batch_items)`,
        );
      }
      const read = body.items.map((item) => checked(ingestionItemSchema(), item));
      const { id, statuses } = await entries.ingest(
        { formationId, userId },
        read.map(({ data }) => data),
      );
      return {
        processing_id: id,
        items: statuses.map((status, index) => {
          const error = read[index]?.refusal;
          return { index, status, ...(error !== undefined && { error }) };
        }),
        counts: countsOf(statuses),
        ...(id !== null && { status_url: `/v1/memories/ingestion/${id}` }),
      };
    },

    async exportMemories({ userId, response }) {
      await answerLines(response, linesOf(entries.all({ formationId, userId })));
      return streamed;
    },

    async importMemories({ body, userId }) {
      const read = body.memories.map((item) => checked(memoryImportedSchema(), item));
      const statuses = await entries.bringIn(
        { formationId, userId },
        read.map(({ data }) => data),
      );
      const errors = read.flatMap(({ refusal }, index) =>
        refusal === undefined ? [] : [{ index, error: refusal }],
      );
      return { counts: countsOf(statuses), errors: errors.slice(0, mostErrors) };
    },

    async getIngestion({ params: { processing_id }, userId }) {
      const found = await entries.ingestion(formationId, userId, processing_id);
      if (!found)
        throw new ApiError(
          "NOT_FOUND",
          `Ingestion '${processing_id}' not found: it is named by the processing_id of POST /v1/memories/batch`,
        );
      // The transaction that wrote the report has stored the memories.
      return {
        processing_id,
        status: "completed",
        created_at: isoTime(found.createdAt),
        counts: found.counts,
      };
    },

    async getMemoryProvenance({ query: { entity, event_id, limit }, userId }) {
      const of = event_id === undefined ? { entity: entity ?? "" } : { eventId: event_id };
      const found = await entries.provenance(askingFor(userId, "client"), of, limit);
      return { memories: found.map(detailOf), count: found.length };
    },

    async getMemory({ params: { memory_id }, userId, keyUsed }) {
      const found = await entries.get(askingFor(userId, keyUsed), memory_id);
      if (!found) throw notFound(memory_id);
      return detailOf(found);
    },

    async updateMemory({ params: { memory_id }, body, userId, keyUsed }) {
      refuseTooLong(body);
      const edited = await entries.edit(askingFor(userId, keyUsed), memory_id, body);
      if (!edited) throw notFound(memory_id);
      return detailOf(edited);
    },

    async deleteMemory({ params: { memory_id }, userId, keyUsed }) {
      if (!(await entries.delete(askingFor(userId, keyUsed), memory_id))) throw notFound(memory_id);
      return { deleted: memory_id, user_id: userId };
    },

    async forgetSource({ body: { user_id, source } }) {
      const userId = ownerOf(user_id.toLowerCase());
      const deleted = await entries.forgetSource({ formationId, userId }, source);
      return { user_id, source, deleted_events: deleted, grace_period_days: 0, projections: [] };
    },

    async lintMemory({ body: { user_id } }) {
      const { users, memories, counts, faults } = await entries.lint(
        user_id === undefined ? undefined : ownerOf(user_id.toLowerCase()),
      );
      return {
        user_id: user_id ?? null,
        report: {
          ...{ users, memories, stale: counts.stale },
          contradictions: counts.contradiction,
          doubles: counts.double,
          faults: faults.map(({ userId, memories: faulty, ...fault }) => ({
            ...fault,
            user_id: userId,
            memories: faulty.map(({ id, content, saidAt, updatedAt }) => ({
              id,
              content,
              said_at: isoTime(saidAt ?? updatedAt),
            })),
          })),
        },
      };
    },
  } satisfies Partial<Endpoints>;
};
