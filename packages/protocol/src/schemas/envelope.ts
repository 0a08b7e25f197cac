import * as z from "zod";
import {
  type ApiError,
  errorEventType,
  type Infer,
  named,
  orNull,
  text,
  unixMilliseconds,
} from "../base/index.ts";

const requestRef = () =>
  z
    .object({
      id: text("Id of the request, for support and for the log"),
      idempotency_key: orNull(text("Idempotency key as it was sent; null when none was")),
    })
    .describe("The call that is answered");

/** The schema of a successful answer (docs/spec/formation-api.md "Success envelope"). */
export const envelopeSchema = <Data extends z.ZodType>(object: string, type: string, data: Data) =>
  z.object({
    object: z.literal(object).describe("What `data` is"),
    timestamp: unixMilliseconds("When it was answered"),
    type: z.literal(type).describe("What happened"),
    request: requestRef(),
    success: z.literal(true).describe("Always true"),
    error: z.null().describe("Always null"),
    data,
  });

export const errorBodySchema = named("ErrorBody", "Why a call failed.", () =>
  z.object({
    code: text("Code from the table of errors, such as `AGENT_NOT_FOUND`"),
    message: text("What happened and what to do about it"),
    trace: z.null().describe("Always null"),
    data: z
      .record(z.string(), z.unknown())
      .optional()
      .describe("Details, such as `validation_errors`; absent when there are none"),
  }),
);

export const errorEnvelopeSchema = named("ErrorEnvelope", "The answer to a call that failed.", () =>
  z.object({
    object: z.literal("error").describe("Always `error`"),
    timestamp: unixMilliseconds("When it was answered"),
    type: text("Group of the error, such as `error.validation`; go by status and code instead"),
    request: requestRef(),
    success: z.literal(false).describe("Always false"),
    error: errorBodySchema().describe("Why the call failed"),
    code: text("The code again, for clients that know only this field"),
    message: text("The message again, for clients that know only this field"),
    data: z.object({}).describe("Always empty"),
  }),
);

export type ErrorEnvelope = Infer<typeof errorEnvelopeSchema>;

/** The call that an envelope answers. */
export interface EnvelopeContext {
  requestId: string;
  /** As the caller sent it; null when they sent none. */
  idempotencyKey: string | null;
  /** Unix milliseconds. */
  now: number;
}

/** A successful answer (docs/spec/formation-api.md "Success envelope"). */
export interface Envelope<Data> {
  object: string;
  timestamp: number;
  type: string;
  request: { id: string; idempotency_key: string | null };
  success: true;
  error: null;
  data: Data;
}

/** Puts data into the envelope of a route. */
export const successEnvelope = <Data>(
  { object, type }: { object: string; type: string },
  data: Data,
  { requestId, idempotencyKey, now }: EnvelopeContext,
): Envelope<Data> => ({
  object,
  timestamp: now,
  type,
  request: { id: requestId, idempotency_key: idempotencyKey },
  success: true,
  error: null,
  data,
});

/** The envelope of a failure (docs/spec/formation-api.md "Error envelope"). Nothing of its cause is in it. */
export const errorEnvelope = (
  error: ApiError,
  { requestId, idempotencyKey, now }: EnvelopeContext,
): ErrorEnvelope => ({
  object: "error",
  timestamp: now,
  type: errorEventType(error.code),
  request: { id: requestId, idempotency_key: idempotencyKey },
  success: false,
  error: {
    code: error.code,
    message: error.message,
    trace: null,
    ...(error.data && { data: error.data }),
  },
  code: error.code,
  message: error.message,
  data: {},
});

/** One failed field of a request (docs/spec/formation-api.md "Validation errors"). */
export interface FieldError {
  /** Dotted path, without the part of the request that holds it. */
  field: string;
  msg: string;
  type: string;
  error: string;
}

const kindOf = (issue: z.core.$ZodIssue): string => {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined ? "missing" : "wrong_type";
    case "too_small":
      return "too_short";
    case "too_big":
      return "too_long";
    case "unrecognized_keys":
      return "extra_field";
    case "invalid_format":
      return "invalid_format";
    default:
      return "invalid";
  }
};

const fieldError = (issue: z.core.$ZodIssue): FieldError => {
  const error = kindOf(issue);
  const type = "expected" in issue ? String(issue.expected) : issue.code;
  return {
    field: issue.path.map(String).join("."),
    msg: error === "missing" ? `Missing: expected ${type}` : issue.message.replace(", received NaN", ""),
    type,
    error,
  };
};

/** Zod's issues as the wire reports them. Parse with `reportInput: true`, or a missing field looks like a wrong one. */
export const fieldErrors = (issues: readonly z.core.$ZodIssue[]): FieldError[] => issues.map(fieldError);
