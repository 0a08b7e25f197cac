import * as z from "zod";
import { type Infer, named, text } from "../base/index.ts";
import { answerMetadataSchema, citationSchema } from "./citations.ts";
import { usageSchema } from "./usage.ts";

const owner = () => ({
  session_id: text("Session of the answer").optional(),
  request_id: text("Request that is answered").optional(),
});

const taskCounts = () => ({
  total_tasks: z.number().int().nonnegative().describe("How many tasks there are"),
  completed_tasks: z.number().int().nonnegative().describe("Tasks that are done"),
  failed_tasks: z
    .number()
    .int()
    .nonnegative()
    .describe("Tasks that failed, or were not done since others failed"),
});

const workProgress = named("WorkProgress", "How far a request is that consists of several tasks.", () =>
  z.object({
    workflow_id: text("The tasks as a whole"),
    status: text("Always `running`"),
    ...taskCounts(),
    in_progress_tasks: z.number().int().nonnegative().describe("Tasks under way"),
    progress_percentage: z.number().describe("Share of the tasks that have ended, 0 to 100"),
    started_at: text("When the first task began, an ISO time"),
  }),
);

/** How a request ended that consisted of several tasks (docs/spec/formation-api.md "Tasks of a request"). */
export const workOutcomeSchema = named(
  "WorkOutcome",
  "How a request ended that consisted of several tasks.",
  () =>
    z.object({
      workflow_id: text("The tasks as a whole"),
      workflow_status: z
        .enum(["completed", "partial", "waiting", "cancelled"])
        .describe(
          "`completed` when all tasks are done; `waiting` while the user is asked something; `cancelled` when the user " +
            "did not want the plan",
        ),
      ...taskCounts(),
      execution_time: z.number().nonnegative().describe("How long the tasks took, in seconds"),
      approval_required: z.literal(true).optional().describe("Present while the plan waits for a yes"),
      requires_user_response: z.literal(true).optional().describe("Present with `approval_required`"),
      workflow_cancelled: z.literal(true).optional().describe("Present when the user did not want the plan"),
    }),
);

export type WorkOutcome = Infer<typeof workOutcomeSchema>;

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
      progress: workProgress().optional().describe("How far the tasks are"),
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

export const clarificationSchema = named(
  "ClarificationRequest",
  "What the agent must know before it can go on. The next message of the session is the answer.",
  () =>
    z.object({
      question: text("The question, which also ends the text of the answer"),
      request_id: text("Request that the answer continues; the next chat may name it, or none"),
      round: z
        .number()
        .int()
        .positive()
        .optional()
        .describe("Number of this question within the request, counted from 1"),
      credential: text(
        "Service whose credential is asked for; the next message then goes to the user's credentials only, and no " +
          "model reads it. Absent for other questions",
      ).optional(),
      expires_at: z
        .number()
        .optional()
        .describe("Until when a message counts as the answer, Unix seconds; later ones are new requests"),
    }),
);

const plannedTask = named("PlannedTask", "A task of a plan that waits for a yes.", () =>
  z.object({
    id: text("Unique within the plan"),
    title: text("What it is, in a few words"),
    description: text("What its agent is told"),
    dependencies: z.array(z.string()).describe("Ids of the tasks whose results it needs"),
    required_capabilities: z.array(z.string()).describe("What its agent must be able to do, in words"),
    estimated_complexity: z.number().describe("From 1 to 10"),
    agent_id: text("Agent that is to carry it out; absent when it is chosen later").optional(),
  }),
);

const choicesSchema = named("Choices", "What a user can choose from.", () =>
  z.object({
    options: z.array(z.string()).describe("The options, as they are shown"),
    multiple: z.boolean().describe("Whether several may be chosen; the answer is then an array"),
    free_text: z.boolean().describe("Whether the user may say something else"),
  }),
);

export type Choices = Infer<typeof choicesSchema>;

export const interruptSchema = named(
  "Interrupt",
  "What a request waits for before it goes on. It is answered by its id, or by the next message of the session.",
  () =>
    z.object({
      id: text("Id that the answer names"),
      kind: z
        .enum(["question", "credential", "approval", "plan_approval", "client_tools"])
        .describe(
          "`question` and `credential` are answered with a text, `approval` of a call with a yes or a no, " +
            "`plan_approval` with either or with what is to be changed, `client_tools` with the results of the calls",
        ),
      prompt: text("What the user is asked"),
      choices: choicesSchema().optional().describe("What a question offers; absent when it offers nothing"),
      schema: z
        .record(z.string(), z.unknown())
        .optional()
        .describe(
          "JSON Schema of `value`, or, of an approval, of `edited_args`; absent when any text is an answer",
        ),
      tool: z
        .object({
          id: text("Id of the call, as `tool_call` has it; absent from a version before").optional(),
          name: text("Name of the tool, as the model knows it"),
          server: text("MCP server that offers it; absent for a tool of the formation's own").optional(),
          server_tool: text("Its name at that server").optional(),
          arguments: z.record(z.string(), z.unknown()).describe("Arguments that the model chose"),
        })
        .optional()
        .describe("The call that waits for a yes; absent for other kinds"),
      plan: z
        .object({
          workflow_id: text("The tasks as a whole"),
          tasks: z.array(plannedTask()).describe("In the order in which the plan names them"),
        })
        .optional()
        .describe("The plan that waits for a yes; absent for other kinds"),
      calls: z
        .array(
          z.object({
            id: text("Id of the call, which its result names"),
            name: text("Name of the tool"),
            arguments: z.record(z.string(), z.unknown()).describe("Arguments that fit its schema"),
          }),
        )
        .optional()
        .describe("The calls that the caller makes, of kind `client_tools`; absent for other kinds"),
      link: text(
        "Page, below the formation's base URL, on which whoever has the link approves or denies; only in webhooks",
      ).optional(),
      expires_at: z.number().describe("Until when it can be answered, Unix seconds"),
    }),
);

export type Interrupt = Infer<typeof interruptSchema>;

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
