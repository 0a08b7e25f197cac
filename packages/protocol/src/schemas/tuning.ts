import * as z from "zod";
import { named } from "../base/index.ts";

const path = z.string().describe("File of the document, relative to the formation");

export const tuningSchema = named(
  "Tuning",
  "The formation's tuning document: what it has learned about how to answer.",
  () =>
    z.object({
      content: z.string().nullable().describe("The document; null while there is none"),
      path,
    }),
);

export const tuningWrittenSchema = named("TuningWritten", "The tuning document was replaced.", () =>
  z.object({
    path,
    bytes: z.number().int().describe("Size of the document in bytes"),
  }),
);
