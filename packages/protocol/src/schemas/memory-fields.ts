import * as z from "zod";
import { isoTime, lazy, named, orNull, text } from "../base/index.ts";

/** docs/spec/formation-api.md "Memories". */
export const memoryScopeSchema = named(
  "MemoryScope",
  "Who shares a memory: its user alone, a group, or everybody who talks to the formation.",
  () => z.enum(["user", "group", "formation"]),
);

export const scope = () => memoryScopeSchema().describe("Who shares the memory");
export const scopeId = () => orNull(text("Group that shares the memory; null unless the scope is `group`"));

export const memoryShape = () => ({
  id: text("Id of the memory"),
  content: text("What is remembered"),
  created_at: isoTime("When it was first remembered"),
  metadata: z
    .record(z.string(), z.unknown())
    .describe("What was stored with it, and `type`, `collection` and `updated_at`"),
  scope: scope(),
  scope_id: scopeId(),
  pinned: z.boolean().describe("Whether it is recalled with every message"),
  expires_at: orNull(isoTime("When it is forgotten by itself; null for never")),
});

export const name = () => z.string().trim().min(1).max(200);

/** Largest metadata of a memory, in characters of JSON. */
const largestMetadata = 16_384;

export const metadata = lazy(() =>
  z
    .record(z.string(), z.unknown())
    .refine(
      (value) => JSON.stringify(value).length <= largestMetadata,
      `must not exceed ${largestMetadata} characters`,
    ),
);

/** Seconds; a hundred years. */
const longestLife = 3_153_600_000;

export const pinned = () => z.boolean().describe("Whether it is recalled with every message");

export const ttl = () =>
  z
    .number()
    .positive()
    .max(longestLife)
    .nullish()
    .describe("Seconds from now after which it is forgotten; null for never");

export const memoryFields = () => ({
  type: z.string().max(200).optional().describe("Kind of memory, such as `preference`; absent, none"),
  detail: text("What to remember; needed without `content`").optional(),
  content: text("Like `detail`, and wins over it").optional(),
  metadata: metadata()
    .nullish()
    .describe("What to store with the memory, at most 16,384 characters of JSON; absent, nothing"),
  subject: name()
    .nullish()
    .describe(
      "What the memory is about, at most 200 characters: a later one about the same takes its place. Absent, " +
        "`source` and `source_id` together, or else its words",
    ),
  pinned: pinned().optional(),
  ttl: ttl(),
});

export const sourceId = () =>
  name().nullish().describe("Id of the memory in that system, at most 200 characters");

export const hasText = ({ content, detail }: { content?: string | undefined; detail?: string | undefined }) =>
  (content ?? "").trim() !== "" || (detail ?? "").trim() !== "";

export const needsText = { error: "needs a text in detail or content", path: ["detail"] };
