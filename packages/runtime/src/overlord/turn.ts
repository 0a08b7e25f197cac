import { chatRequestSchema, type Infer, lazy } from "@muxi/protocol";
import * as z from "zod";
import type { Attachments } from "../attachments/index.ts";
import type { Idempotency, RequestKind, StoredRequest } from "../store/index.ts";
import type { ResponseFormat } from "./format.ts";

/** What is asked of the formation. */
export interface Turn {
  requestId: string;
  /** Whether the id was made for this turn, so that no earlier request has it. */
  isFirst?: boolean;
  /** Whether it may answer what another request of its session has asked: its caller has named no request. */
  mayReply?: boolean;
  userId: string;
  message: string;
  /** Undefined begins a session. */
  sessionId?: string | undefined;
  /** Answers in the place of the agent that would be chosen. */
  agentId?: string | undefined;
  /** Default: a chat. */
  kind?: RequestKind;
  /** Answers in the place of the agent's own, as `provider/name`. */
  model?: string;
  /** What the answer is written in; default: the formation's. */
  format?: ResponseFormat | undefined;
  /** Where the answer goes when it comes in the background; null for nowhere, left out for the formation's own. */
  webhookUrl?: string | null | undefined;
  /** Whether what the user types travels unseen: over TLS, or on this machine alone. */
  isPrivate?: boolean | undefined;
  /** Questions that its request has asked the user before. */
  questions?: number | undefined;
  /** Files of the message, read. */
  attachments?: Attachments | undefined;
  idempotency?: Idempotency | undefined;
}

const inputSchema = lazy(() =>
  z.object({
    message: z.string(),
    agentId: z.string().optional(),
    model: z.string().optional(),
    format: chatRequestSchema().shape.format,
    isPrivate: z.boolean().optional(),
    questions: z.number().optional(),
    attachments: z
      .object({
        documents: z.array(z.object({ filename: z.string(), text: z.string() })),
        images: z.array(z.object({ filename: z.string(), mediaType: z.string(), data: z.string() })),
      })
      .optional(),
  }),
);

/** What a turn in the background is stored as. */
export const inputOf = ({
  message,
  agentId,
  model,
  format,
  isPrivate,
  questions,
  attachments,
}: Turn): string =>
  JSON.stringify({ message, agentId, model, format, isPrivate, questions, attachments } satisfies Infer<
    typeof inputSchema
  >);

/** The turn that was stored. */
export const turnOf = ({ id, userId, sessionId, kind, input, webhookUrl }: StoredRequest): Turn => {
  const { message, agentId, model, format, isPrivate, questions, attachments } = inputSchema().parse(
    JSON.parse(input ?? "{}"),
  );
  return {
    requestId: id,
    userId,
    sessionId,
    kind,
    message,
    agentId,
    format,
    isPrivate,
    questions,
    webhookUrl,
    attachments,
    ...(model !== undefined && { model }),
  };
};
