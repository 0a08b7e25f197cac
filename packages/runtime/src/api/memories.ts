import { type Formation, maskSecrets } from "@muxi/formation";
import { ApiError, ingestionItemSchema, memoryConfigSchema } from "@muxi/protocol";
import { isoTime } from "../base/index.ts";
import type { MemoryEntries } from "../memory/index.ts";
import type { MemoryScope } from "../store/index.ts";
import type { Endpoints } from "./endpoint.ts";
import { readPart } from "./list-page.ts";
import type { KeyUsed } from "./received.ts";

interface MemoryDeps {
  formation: Formation;
  entries: MemoryEntries;
  /** Finds the owner of a user's data by the user's identifier. */
  ownerOf: (identifier: string) => string;
}

/** Groups have no members yet, so only the admin may read their memories. */
const readable = (keyUsed: KeyUsed): readonly MemoryScope[] =>
  keyUsed === "admin" ? ["user", "group", "formation"] : ["user", "formation"];

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

  return {
    async getMemoryConfig() {
      return memoryConfigSchema().parse(maskSecrets(formation.manifest.memory));
    },

    async getMemories({ query, userId, keyUsed }) {
      const allowed = readable(keyUsed);
      const scopes = query.scopes?.filter((scope) => allowed.includes(scope)) ?? allowed;
      const { rows, next } = await readPart(
        query,
        (page) => entries.list({ formationId, userId }, { ...page, offset: query.offset, scopes }),
        ({ createdAt: at, seq }) => ({ at, seq }),
      );
      return {
        memories: rows.map(({ id, content, createdAt, updatedAt, collection, metadata, scope, scopeId }) => ({
          id,
          content,
          created_at: isoTime(createdAt),
          metadata: { ...metadata, collection, updated_at: isoTime(updatedAt) },
          scope,
          scope_id: scopeId,
        })),
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
      const refusal = tooLong(body);
      if (refusal !== undefined) {
        const field = body.content ? "content" : "detail";
        throw new ApiError("INVALID_PARAMS", refusal, {
          data: { validation_errors: [{ field, msg: refusal, type: "string", error: "too_long" }] },
        });
      }
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
      const read = body.items.map((item) => {
        const { data, error } = ingestionItemSchema().safeParse(item);
        const [issue] = error?.issues ?? [];
        const refusal = issue ? `${issue.path.join(".")}: ${issue.message}` : data && tooLong(data);
        return { data: refusal === undefined ? data : undefined, refusal };
      });
      const { id, statuses } = await entries.ingest(
        { formationId, userId },
        read.map(({ data }) => data),
      );
      const count = (status: string) => statuses.filter((each) => each === status).length;
      return {
        processing_id: id,
        items: statuses.map((status, index) => {
          const error = read[index]?.refusal;
          return { index, status, ...(error !== undefined && { error }) };
        }),
        counts: { accepted: count("accepted"), duplicate: count("duplicate"), invalid: count("invalid") },
        ...(id !== null && { status_url: `/v1/memories/ingestion/${id}` }),
      };
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

    async deleteMemory({ params: { memory_id }, userId, keyUsed }) {
      const scopes: readonly MemoryScope[] = keyUsed === "admin" ? ["user", "group", "formation"] : ["user"];
      if (!(await entries.delete({ formationId, userId }, memory_id, scopes))) {
        throw new ApiError("NOT_FOUND", `Memory '${memory_id}' not found: GET /v1/memories lists them`);
      }
      return { deleted: memory_id, user_id: userId };
    },

    async forgetSource({ body: { user_id, source } }) {
      const userId = ownerOf(user_id.toLowerCase());
      const deleted = await entries.forgetSource({ formationId, userId }, source);
      return { user_id, source, deleted_events: deleted, grace_period_days: 0, projections: [] };
    },
  } satisfies Partial<Endpoints>;
};
