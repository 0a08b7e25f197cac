import { expect, test } from "vitest";
import * as z from "zod";
import { ApiError, errorTable } from "../base/index.ts";
import { errorEnvelope, errorEnvelopeSchema, fieldErrors } from "./envelope.ts";

const context = { requestId: "req_1", idempotencyKey: null, now: 1_700_000_000_000 };

test("an error envelope carries code, message and detail, and nothing of the cause", () => {
  const error = new ApiError("RATE_LIMITED", "Wait a little", {
    retryAfter: 2,
    data: { limit: 10 },
    cause: new Error("secret detail"),
  });
  const envelope = errorEnvelope(error, context);
  expect(errorEnvelopeSchema().parse(envelope)).toEqual(envelope);
  expect(envelope.error).toEqual({
    code: "RATE_LIMITED",
    message: "Wait a little",
    trace: null,
    data: { limit: 10 },
  });
  expect(JSON.stringify(envelope)).not.toContain("secret detail");
});

test("each status has the class that the client throws for it", () => {
  const byStatus: Record<number, string> = {
    401: "AuthenticationError",
    403: "AuthorizationError",
    404: "NotFoundError",
    409: "ConflictError",
    422: "ValidationError",
    429: "RateLimitError",
  };
  for (const row of Object.values(errorTable)) {
    expect(row.class).toBe(byStatus[row.status] ?? (row.status >= 500 ? "ServerError" : "MuxiError"));
  }
});

test("field errors tell a missing field from a wrong one and name nested fields by a dotted path", () => {
  const schema = z.object({
    message: z.string(),
    options: z.object({ limit: z.number() }),
    list: z.array(z.string()),
  });
  const result = schema.safeParse({ options: { limit: "3" }, list: ["a", 1] }, { reportInput: true });
  expect(
    fieldErrors(result.error?.issues ?? []).map(({ field, error, type }) => [field, error, type]),
  ).toEqual([
    ["message", "missing", "string"],
    ["options.limit", "wrong_type", "number"],
    ["list.1", "wrong_type", "string"],
  ]);
});
