import type { Citation, Usage } from "@muxi/protocol/types";
import { isObject } from "./http/index.ts";

/** Part of an answer. */
export interface ContentItem {
  /** Which of the two fields below it has. */
  type: "text" | "file";
  /** The text, of the type `text`. */
  text?: string;
  /** The file, of the type `file`. */
  file?: {
    /** Kind of file. */
    type: "image" | "audio" | "video" | "document";
    /** Where it can be fetched. */
    url: string;
  };
}

/** Why a request failed. */
export interface ErrorDetails {
  /** Code of the failure, such as `processing_failed`. */
  code: string;
  /** What happened. */
  message: string;
  /** Always null from servers of this version. */
  trace: string | null;
}

/** A question that the formation asks back. Answer it with a chat message in the same session. */
export interface Clarification {
  /** What the user is asked. */
  question: string;
  /** Request that the answer continues; null when the server does not say. */
  clarificationRequestId: string | null;
  /** What the user had said; null when the server does not say. */
  originalMessage: string | null;
}

/** The outcome of a request that ran in the background. */
export interface WebhookEvent {
  /** Request that ran; with `status` it tells a repeated delivery. */
  requestId: string;
  /** `completed`, `failed` or `awaiting_clarification`; a newer server may send others. */
  status: string;
  /** When the request ended or asked, Unix milliseconds. */
  timestamp: number;
  /** The answer; empty unless the request completed. */
  content: ContentItem[];
  /** The passages of documents that the answer rests on; empty where there are none. */
  citations: Citation[];
  /** Why the request failed; undefined unless it did. */
  error: ErrorDetails | undefined;
  /** What the formation asks back; undefined unless it does. */
  clarification: Clarification | undefined;
  /** Formation that sent the webhook; undefined when it does not say. */
  formationId: string | undefined;
  /** User of the request; undefined when the formation does not say. */
  userId: string | undefined;
  /** Seconds that the request took; undefined when the formation does not say. */
  processingTime: number | undefined;
  /** `async` or `sync`; undefined when the formation does not say. */
  processingMode: string | undefined;
  /** Address that the webhook was sent to; undefined when the formation does not say. */
  webhookUrl: string | undefined;
  /** Tokens that the answer took, or that were used until it failed; undefined when the formation does not say. */
  usage: Usage | undefined;
  /** The payload as it was sent. */
  raw: Record<string, unknown>;
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const number = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);

/** Other servers send clarifications with seconds; no date of this century is ambiguous. */
const milliseconds = (value: unknown): number => {
  const time = number(value) ?? 0;
  return Math.round(time < 1e11 ? time * 1000 : time);
};

/** As with the parts of the answer, what a signed body says inside is the formation's word. */
const isUsage = (value: unknown): value is Usage => isObject(value);

const citationsIn = (metadata: unknown): Citation[] =>
  isObject(metadata) && Array.isArray(metadata.citations) ? metadata.citations : [];

const errorDetails = (error: unknown): ErrorDetails | undefined =>
  isObject(error)
    ? {
        code: text(error.code) ?? "",
        message: text(error.message) ?? "",
        trace: text(error.trace) ?? null,
      }
    : undefined;

/** What the payload tells (docs/spec/formation-api.md "Webhook payload"); undefined without the id of its request. */
export const eventOf = (raw: Record<string, unknown>): WebhookEvent | undefined => {
  const requestId = text(raw.id) ?? text(raw.request_id);
  if (requestId === undefined) return undefined;
  const question = text(raw.clarification_question);
  return {
    requestId,
    status: text(raw.status) ?? "",
    timestamp: milliseconds(raw.timestamp),
    content: Array.isArray(raw.response) ? raw.response : [],
    citations: citationsIn(raw.metadata),
    error: errorDetails(raw.error),
    clarification:
      question === undefined
        ? undefined
        : {
            question,
            clarificationRequestId: text(raw.clarification_request_id) ?? null,
            originalMessage: text(raw.original_message) ?? null,
          },
    formationId: text(raw.formation_id),
    userId: text(raw.user_id),
    processingTime: number(raw.processing_time),
    processingMode: text(raw.processing_mode),
    webhookUrl: text(raw.webhook_url),
    usage: isUsage(raw.usage) ? raw.usage : undefined,
    raw,
  };
};
