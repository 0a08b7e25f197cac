import * as z from "zod";
import { type Infer, lazy, named, text } from "../base/index.ts";

/** Where a passage stands. */
const place = () => ({
  agent_id: text("Agent whose knowledge it is from"),
  source: text("Source of the agent's knowledge that has the document: its `id`, or its path or URL"),
  document: text("The document: a file, relative to the formation, or what the source calls it"),
  title: text("Title of the document, or the name of its file; at most 200 characters"),
  heading: text(
    "Headings that it stands under, from the highest down, with ` › ` between them; empty when there are none, at " +
      "most 300 characters",
  ),
  node_path: text("Where it stands in the outline of the document, where it was found by that").optional(),
  page: z.number().int().optional().describe("Page that it begins on, from 1; absent where there are none"),
  slide: z.number().int().optional().describe("Slide that it is on, from 1; absent where there are none"),
  sheet: text("Sheet that it is on; absent where there are none").optional(),
});

const passageId =
  "Id of the passage: the same as long as its document is called so and has this text in it, whatever else changes";

/** docs/spec/formation-api.md "Citations". */
export const citationSchema = named("Citation", "A passage of a document that an answer rests on.", () =>
  z.object({
    id: text(passageId),
    index: z.number().int().positive().describe("Its number in the answer, as in the marker `[1]`"),
    ...place(),
    score: z.number().describe("How well it fits what was looked for; more is better, within one answer"),
    quote: text("What the answer takes from it, as the document has it, at most 300 characters"),
  }),
);

export type Citation = Infer<typeof citationSchema>;

export const citationsSchema = lazy(() =>
  z.array(citationSchema()).describe("The passages that the answer rests on, in the order of their numbers"),
);

/** What is told of an answer where other fields of `metadata` have their own place. */
export const answerMetadataSchema = named("AnswerMetadata", "What an answer rests on.", () =>
  z.object({
    citations: citationsSchema(),
    answered_by: text(
      "Request whose answer is to this message too, since its agent has read it while it was at work; absent otherwise",
    ).optional(),
  }),
);

export type AnswerMetadata = Infer<typeof answerMetadataSchema>;

/** docs/spec/formation-api.md "Citations". */
export const citedPassageSchema = named("CitedPassage", "A passage of an agent's documents.", () =>
  z.object({
    id: text(passageId),
    ...place(),
    lines: z
      .tuple([z.number().int(), z.number().int()])
      .optional()
      .describe("First and last line of it, or row of the sheet, from 1; absent where there are none"),
    text: text("The passage, as Markdown"),
  }),
);

export type CitedPassage = Infer<typeof citedPassageSchema>;
