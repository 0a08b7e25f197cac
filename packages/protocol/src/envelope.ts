import * as z from "zod";
import { type ApiError, errorEventType } from "./errors.ts";
import { type Infer, lazy, named } from "./lazy.ts";

const requestRef = lazy(() => z.object({ id: z.string(), idempotency_key: z.string().nullable() }));

/** Every JSON answer of `/v1` (docs/spec/formation-api.md "Success envelope"). */
export const envelopeSchema = <Data extends z.ZodType>(object: string, type: string, data: Data) =>
  z.object({
    object: z.literal(object),
    timestamp: z.number().int().describe("Unix milliseconds"),
    type: z.literal(type),
    request: requestRef(),
    success: z.literal(true),
    error: z.null(),
    data,
  });

export const errorBodySchema = named("ErrorBody", () =>
  z.object({
    code: z.string().describe("Upper-case code of the error table"),
    message: z.string().describe("What happened and what to do about it"),
    trace: z.null(),
    data: z.record(z.string(), z.unknown()).optional().describe("Detail, such as `validation_errors`"),
  }),
);

export const errorEnvelopeSchema = named("ErrorEnvelope", () =>
  z.object({
    object: z.literal("error"),
    timestamp: z.number().int().describe("Unix milliseconds"),
    type: z.string(),
    request: requestRef(),
    success: z.literal(false),
    error: errorBodySchema(),
    data: z.object({}),
  }),
);

export type ErrorEnvelope = Infer<typeof errorEnvelopeSchema>;

export interface EnvelopeContext {
  requestId: string;
  idempotencyKey: string | null;
  /** Unix milliseconds. */
  now: number;
}

export interface Envelope<Data> {
  object: string;
  timestamp: number;
  type: string;
  request: { id: string; idempotency_key: string | null };
  success: true;
  error: null;
  data: Data;
}

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

/** Zod's issues as the wire reports them. Parse with `reportInput: true` so that a missing field is told apart. */
export const fieldErrors = (issues: readonly z.core.$ZodIssue[]): FieldError[] => issues.map(fieldError);
