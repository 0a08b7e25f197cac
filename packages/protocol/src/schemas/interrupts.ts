import * as z from "zod";
import { type Infer, named, text } from "../base/index.ts";

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
