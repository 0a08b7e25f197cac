import * as z from "zod";
import { named } from "../base/index.ts";

const time = (what: string) => z.string().describe(`${what}, ISO 8601 in UTC`);

export const artifactSummarySchema = named(
  "ArtifactSummary",
  "A file that an agent made, without its content.",
  () =>
    z.object({
      id: z.string().describe("Id of the artifact"),
      name: z.string().describe("File name"),
      version: z.number().int().describe("Version, counted from 1; saving under the same name adds one"),
      is_latest: z.boolean().describe("Whether no newer version exists"),
      content_type: z.string().describe("Media type of the content, such as `text/csv`"),
      category: z.string().describe("Kind of content, such as `document` or `image`"),
      summary: z.string().describe("What the artifact contains, in a sentence or two"),
      tags: z.array(z.string()).describe("Keywords by which it can be found"),
      agent_id: z.string().describe("Agent that made it"),
      conversation_id: z.string().describe("Session in which it was made"),
      size_bytes: z.number().int().describe("Size of the content in bytes"),
      created_at: time("When this version was made"),
      updated_at: time("When its record last changed"),
      last_accessed_at: time("When its content was last read"),
    }),
);

export const artifactListSchema = named("ArtifactList", "A user's artifacts.", () =>
  z.object({
    artifacts: z.array(artifactSummarySchema()).describe("Newest first"),
    count: z.number().int().describe("Number of artifacts in this answer"),
    total: z.number().int().describe("Number of artifacts that the user has"),
  }),
);

export const artifactVersionsSchema = named("ArtifactVersions", "All versions of an artifact.", () =>
  z.object({
    name: z.string().describe("File name"),
    versions: z.array(z.record(z.string(), z.unknown())).describe("One record per version"),
    count: z.number().int().describe("Number of versions"),
  }),
);
