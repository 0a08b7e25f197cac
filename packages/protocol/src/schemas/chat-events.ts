import * as z from "zod";
import { type Infer, named, text } from "../base/index.ts";
import { answerMetadataSchema, citationSchema } from "./citations.ts";
import { clarificationSchema, interruptSchema } from "./interrupts.ts";
import { usageSchema } from "./usage.ts";
import { workOutcomeSchema, workProgressSchema } from "./work.ts";

const owner = () => ({
  session_id: text("Session of the answer").optional(),
  request_id: text("Request that is answered").optional(),
});

const progress = named(
  "ProgressEvent",
  "A step of the request. The first event of every stream is one, with the ids of session and request.",
  () =>
    z.object({
      type: z.literal("progress").describe("Kind of the event"),
      session_id: text("Session of the answer"),
      request_id: text("Request that is answered"),
      user_id: text("User who is answered").optional(),
      stage: text(
        "Step, such as `agent_selected`; absent in the first event. `restarted`: the process ended in the middle and " +
          "the answer begins anew. Only there do the numbers of events have a gap. `tools_missing`: the answer is made " +
          "without the tools of MCP servers that are still starting. `limit_reached`: a limit has ended the calls of " +
          "tools, and the answer may lack something. `steered`: an agent at work has read a message of its user. `sop_matched`, `workflow_start`, `workflow_execution`, " +
          "`task_complete`, `task_failed`, `workflow_synthesis`: the tasks of a request that consists of several",
      ).optional(),
      content: text("The step in words").optional(),
      agent_id: text("Agent that was chosen; absent before").optional(),
      sop_id: text("Name of the procedure that is followed").optional(),
      sop_name: text("Its title").optional(),
      workflow_id: text("The tasks of the request as a whole").optional(),
      task_count: z.number().int().nonnegative().optional().describe("How many tasks there are"),
      task_id: text("The task that began or ended").optional(),
      progress: workProgressSchema().optional().describe("How far the tasks are"),
      timestamp: z.number().describe("When the step began, Unix seconds"),
    }),
);

const textEvent = named("TextEvent", "A part of the answer.", () =>
  z.object({
    type: z.literal("text").describe("Kind of the event"),
    text: text("The next part of the answer"),
    replace: z
      .literal(true)
      .optional()
      .describe(
        "Present when the text takes the place of all text before it; otherwise it follows that text",
      ),
    ...owner(),
  }),
);

const objectEvent = named(
  "ObjectEvent",
  "A part of an answer that is to fit a schema. Its text comes when it is whole, and `done` has the value.",
  () =>
    z.object({
      type: z.literal("object").describe("Kind of the event"),
      delta: text("The next part of the JSON"),
      replace: z
        .literal(true)
        .optional()
        .describe("Present when the JSON begins here, also anew: what came before counts no more"),
      ...owner(),
    }),
);

const thinking = named("ThinkingEvent", "What the model shows of its reasoning.", () =>
  z.object({
    type: z.literal("thinking").describe("Kind of the event"),
    content: text("The next part of the reasoning"),
    ...owner(),
  }),
);

const planning = named("PlanningEvent", "What the formation plans to do.", () =>
  z.object({
    type: z.literal("planning").describe("Kind of the event"),
    content: text("The plan in words"),
    stage: text(
      "Step: `workflow_decomposition` when the message is taken apart, `decomposition_complete` when that is done, " +
        "`decomposition_fallback` when the message is answered at once instead, `replan_started` when what failed is " +
        "planned anew",
    ).optional(),
    workflow_id: text("The tasks of the request as a whole").optional(),
    complexity_score: z.number().optional().describe("How much work the message asks for, 1 to 10"),
    task_count: z.number().int().nonnegative().optional().describe("How many tasks there are"),
    attempt: z
      .number()
      .int()
      .positive()
      .optional()
      .describe("How often there was a new plan, this one included"),
    ...owner(),
  }),
);

const toolCall = named("ToolCallEvent", "The agent calls a tool.", () =>
  z.object({
    type: z.literal("tool_call").describe("Kind of the event"),
    id: text("Id of the call, which its result repeats"),
    name: text("Name of the tool"),
    arguments: z.record(z.string(), z.unknown()).describe("Arguments that the model chose"),
    origin: z
      .literal("client")
      .optional()
      .describe("Present when the caller of the request runs the tool, absent when the formation does"),
    ...owner(),
  }),
);

const toolResult = named("ToolResultEvent", "A tool has ended.", () =>
  z.object({
    type: z.literal("tool_result").describe("Kind of the event"),
    id: text("Id of the call"),
    name: text("Name of the tool"),
    content: text("What the tool returned, at most 4,000 characters"),
    is_error: z.boolean().describe("Whether the tool failed; `content` then says why"),
    ...owner(),
  }),
);

const ui = named("UiEvent", "Widgets to show with the answer.", () =>
  z.object({
    type: z.literal("ui").describe("Kind of the event"),
    ui: z
      .array(z.record(z.string(), z.unknown()))
      .describe("Widgets, each with a `type`; ignore the types you do not know"),
    ...owner(),
  }),
);

const citation = named(
  "CitationEvent",
  "A passage that the answer rests on. They come after its text, before `done`, which has them all.",
  () =>
    z.object({
      type: z.literal("citation").describe("Kind of the event"),
      ...citationSchema().shape,
      ...owner(),
    }),
);

export const finishReasonSchema = () =>
  z.enum(["stop", "length", "tool_calls", "content_filter", "cancelled", "other"]);

const done = named("DoneEvent", "The answer is complete and stored. Ends the stream.", () =>
  z.object({
    type: z.literal("done").describe("Kind of the event"),
    session_id: text("Session of the answer"),
    request_id: text("Request that was answered"),
    finish_reason: finishReasonSchema().describe("Why the model stopped; `stop` when it had said everything"),
    usage: usageSchema().describe("Tokens that the answer took"),
    model: text("Model that answered, as `provider/name`"),
    agent_id: text("Agent that answered"),
    clarification: clarificationSchema()
      .optional()
      .describe("Present when the agent asks the user something before it goes on"),
    interrupt: interruptSchema().optional().describe("Present when the request waits for its user"),
    workflow: workOutcomeSchema().optional().describe("Present when the request consisted of several tasks"),
    object: z
      .unknown()
      .optional()
      .describe("The answer as a value, where the call brought a schema; the text is the same as JSON"),
    metadata: answerMetadataSchema().optional().describe("What the answer rests on; absent for nothing"),
    finished: z.literal(true).describe("Always true, for clients that know only this field"),
  }),
);

export type FinishReason = Infer<typeof done>["finish_reason"];

const error = named(
  "ErrorEvent",
  "The answer broke off. Ends the stream; text that came before stays in the session.",
  () =>
    z.object({
      type: z.literal("error").describe("Kind of the event"),
      code: text("Code from the table of errors, such as `LLM_ERROR`"),
      message: text("What happened and what to do about it"),
      error: text("The message again, for clients that know only this field"),
      retry_after: z.number().optional().describe("Seconds after which to try again; absent when not known"),
      ...owner(),
    }),
);

/** docs/spec/formation-api.md "Chat events". */
export const chatEventSchema = named(
  "ChatWireEvent",
  "A frame of a chat stream: first a `progress` with the ids, then any mix, last exactly one `done` or `error`.",
  () =>
    z.discriminatedUnion("type", [
      progress(),
      thinking(),
      planning(),
      toolCall(),
      toolResult(),
      textEvent(),
      objectEvent(),
      ui(),
      citation(),
      done(),
      error(),
    ]),
);

export type ChatWireEvent = Infer<typeof chatEventSchema>;
