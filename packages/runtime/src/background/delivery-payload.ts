import type { AnswerMetadata, Interrupt, Usage, WebhookPayload } from "@muxi/protocol";
import { approvalToken, canonicalJson } from "../base/index.ts";

/** What became of a request, for its webhook. */
export type RequestOutcome = {
  requestId: string;
  userId: string;
  /** Where to send it; null when there is no webhook. */
  webhookUrl: string | null;
  mode: "async" | "sync";
  /** Unix milliseconds. */
  startedAt: number;
  endedAt: number;
  /** Tokens of all calls of models. */
  usage?: Usage;
} & (
  | { status: "completed"; text: string; object?: unknown; metadata?: AnswerMetadata }
  | { status: "failed"; error: { message: string } }
  | { status: "awaiting_clarification"; interrupt: Interrupt; question: string; originalMessage: string }
);

/** An approval with the page on which whoever reads the webhook can decide. */
const linked = (interrupt: Interrupt, requestId: string, secret: string): Interrupt => {
  if (interrupt.kind !== "approval" && interrupt.kind !== "plan_approval") return interrupt;
  const token = approvalToken(secret, { requestId, interruptId: interrupt.id });
  return { ...interrupt, link: `/v1/approve/${token}` };
};

const detailsOf = (outcome: RequestOutcome, secret: string) => {
  switch (outcome.status) {
    case "completed":
      return {
        status: outcome.status,
        response: [{ type: "text" as const, text: outcome.text }],
        ...(outcome.object !== undefined && { object: outcome.object }),
        ...(outcome.metadata && { metadata: outcome.metadata }),
        error: null,
      };
    case "failed":
      return {
        status: outcome.status,
        response: [],
        error: { code: "processing_failed" as const, message: outcome.error.message, trace: null },
      };
    case "awaiting_clarification":
      return {
        status: outcome.status,
        response: [],
        error: null,
        clarification_question: outcome.question,
        clarification_request_id: outcome.requestId,
        original_message: outcome.originalMessage,
        interrupt: linked(outcome.interrupt, outcome.requestId, secret),
      };
  }
};

/**
 * The body of a webhook (docs/spec/formation-api.md "Webhook payload"), in the one serialisation that is signed and
 * sent. `id` and `request_id` are the same, since receivers read either.
 */
export const payloadOf = (
  { formationId, secret }: { formationId: string; secret: string },
  outcome: RequestOutcome,
): string => {
  const payload: WebhookPayload = {
    id: outcome.requestId,
    request_id: outcome.requestId,
    object: "response",
    timestamp: outcome.endedAt,
    formation_id: formationId,
    user_id: outcome.userId,
    processing_time: (outcome.endedAt - outcome.startedAt) / 1000,
    processing_mode: outcome.mode,
    webhook_url: outcome.webhookUrl,
    ...(outcome.usage && { usage: outcome.usage }),
    ...detailsOf(outcome, secret),
  };
  return canonicalJson(payload);
};
