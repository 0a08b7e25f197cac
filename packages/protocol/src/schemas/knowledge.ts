import * as z from "zod";
import { named } from "../base/index.ts";

const sources = (what: string) => z.unknown().describe(`Sources that ${what}`);

export const knowledgeRebuiltSchema = named("KnowledgeRebuilt", "Sources of knowledge were read again.", () =>
  z.object({
    agents: z
      .record(
        z.string(),
        z.object({
          rebuilt: sources("were read again"),
          failed: sources("could not be read"),
          skipped: sources("were left as they are"),
        }),
      )
      .describe("What was done, by the agent's id"),
  }),
);
