import {
  type CallerTool,
  callerToolSchema,
  chatRequestSchema,
  type Infer,
  lazy,
  type OnBusy,
  onBusySchema,
} from "@muxi/protocol";
import * as z from "zod";
import type { Attachments } from "../attachments/index.ts";
import type { CallerSpan } from "../base/index.ts";
import type { Idempotency, RequestKind, StoredRequest } from "../store/index.ts";
import type { AskedFormat } from "./format.ts";

/** A user's message, and how it is to be answered. */
export interface Turn {
  requestId: string;
  /** Whether the id was made for this turn, so that no earlier request has it. */
  isFirst?: boolean;
  /** Whether it may answer what another request in its session has asked. */
  mayReply?: boolean;
  userId: string;
  message: string;
  /** Undefined for a new session. */
  sessionId?: string | undefined;
  /** Agent to answer, instead of the one that would be chosen. */
  agentId?: string | undefined;
  /** Default: `chat`. */
  kind?: RequestKind;
  /** Model to answer, instead of the agent's own, as `provider/name`. */
  model?: string | undefined;
  /** Format of the answer; default: the formation's. */
  format?: AskedFormat | undefined;
  /** Tools that its caller runs. */
  tools?: CallerTool[] | undefined;
  /** What it does while another message of its session is answered; default: the formation's, for chats. */
  onBusy?: OnBusy | undefined;
  /** Webhook for an answer in the background: null for none, left out for the formation's. */
  webhookUrl?: string | null | undefined;
  /** Whether the connection is private: over TLS, or on this machine. */
  isPrivate?: boolean | undefined;
  /** Whether its request goes on in its journal with what it has waited for. */
  goesOn?: boolean | undefined;
  /** Number of its message in the session, where its request has gone on in its journal. */
  messageSeq?: number | undefined;
  /** Number of questions that its request has asked the user before. */
  questions?: number | undefined;
  /** Files of the message, already read. */
  attachments?: Attachments | undefined;
  idempotency?: Idempotency | undefined;
  /** The span of the call that made it. */
  caller?: CallerSpan | undefined;
}

/** Whether the turn is a user's message, and not a trigger or a job. */
export const isLearnedFrom = ({ kind = "chat" }: Turn): boolean => kind === "chat";

const inputSchema = lazy(() =>
  z.object({
    message: z.string(),
    agentId: z.string().optional(),
    model: z.string().optional(),
    format: chatRequestSchema().shape.format,
    tools: z.array(callerToolSchema()).optional(),
    onBusy: onBusySchema().optional(),
    isPrivate: z.boolean().optional(),
    goesOn: z.boolean().optional(),
    messageSeq: z.number().optional(),
    questions: z.number().optional(),
    attachments: z
      .object({
        documents: z.array(z.object({ filename: z.string(), text: z.string() })),
        images: z.array(z.object({ filename: z.string(), mediaType: z.string(), data: z.string() })),
      })
      .optional(),
    caller: z
      .object({ traceId: z.string(), spanId: z.string(), isSampled: z.boolean(), waits: z.boolean() })
      .optional(),
  }),
);

/** The form in which a turn in the background is stored. */
export const inputOf = ({
  message,
  agentId,
  model,
  format,
  tools,
  onBusy,
  isPrivate,
  goesOn,
  messageSeq,
  questions,
  attachments,
  caller,
}: Turn): string =>
  JSON.stringify({
    message,
    agentId,
    model,
    format,
    tools,
    onBusy,
    isPrivate,
    goesOn,
    messageSeq,
    questions,
    attachments,
    caller,
  } satisfies Infer<typeof inputSchema>);

/** The turn of a stored request. */
export const turnOf = ({ id, userId, sessionId, kind, input, webhookUrl }: StoredRequest): Turn => ({
  ...inputSchema().parse(JSON.parse(input ?? "{}")),
  requestId: id,
  userId,
  sessionId,
  kind,
  webhookUrl,
});
