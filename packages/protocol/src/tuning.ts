import * as z from "zod";
import { named } from "./lazy.ts";

const path = z.string().describe("File of the document, relative to the formation");

export const tuningSchema = named("Tuning", () =>
  z.object({
    content: z.string().nullable().describe("The document; null while there is none"),
    path,
  }),
);

export const tuningWrittenSchema = named("TuningWritten", () =>
  z.object({
    path,
    bytes: z.number().int().describe("Size of the document in bytes"),
  }),
);
