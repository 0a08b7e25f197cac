import * as z from "zod";
import { type Infer, lazy } from "../base/index.ts";
import { formationProblemSchema } from "./readiness.ts";
import { usageSchema } from "./usage.ts";

const tokensMessageSchema = lazy(() =>
  z.object({
    type: z.literal("tokens"),
    models: z.array(z.object({ model: z.string(), usage: usageSchema() })),
  }),
);

/** Tokens of the requests that have ended since the last message, by the model that answered. */
export type TokensMessage = Infer<typeof tokensMessageSchema>;

/** What the process of a formation tells the server that started it, over their IPC channel. */
export const processMessageSchema = lazy(() =>
  z.discriminatedUnion("type", [z.object({ type: z.literal("ready") }), tokensMessageSchema()]),
);

/** What a server asks the process of a formation over its IPC channel. */
export const problemsQuestionSchema = lazy(() =>
  z.object({
    type: z.literal("problems"),
    id: z.number().int(),
    /** Whether to wait for tool servers that are still starting. */
    wait: z.boolean(),
  }),
);

export type ProblemsQuestion = Infer<typeof problemsQuestionSchema>;

/** What the process answers, with the id of the question. */
export const problemsAnswerSchema = lazy(() =>
  z.object({
    type: z.literal("problems"),
    id: z.number().int(),
    problems: z.array(formationProblemSchema()),
  }),
);

export type ProblemsAnswer = Infer<typeof problemsAnswerSchema>;
