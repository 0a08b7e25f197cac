import * as z from "zod";
import { type Infer, named } from "../base/index.ts";

export const usageSchema = named(
  "Usage",
  "Tokens of all calls of models that an answer took, together.",
  () =>
    z.object({
      input_tokens: z
        .number()
        .int()
        .describe("Tokens that the models read, from their providers' caches or not"),
      output_tokens: z.number().int().describe("Tokens that the models wrote"),
      total_tokens: z.number().int().describe("Sum of the two"),
      cached_tokens: z
        .number()
        .int()
        .optional()
        .describe("Of `input_tokens`, those that came from a provider's cache; absent when none did"),
      cache_write_tokens: z
        .number()
        .int()
        .optional()
        .describe(
          "Of `input_tokens`, those that a provider wrote into its cache; absent when it tells of none",
        ),
    }),
);

export type Usage = Infer<typeof usageSchema>;
