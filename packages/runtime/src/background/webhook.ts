import { createHmac } from "node:crypto";
import { systemCode } from "@muxi/formation";
import { type HttpClient, readRetryAfter, sendWhole } from "@muxi/http";
import { headers } from "@muxi/protocol";
import { startTimeLimit } from "../base/index.ts";
import { ForbiddenTargetError, parseTarget, type TargetPolicy } from "./targets.ts";

/** How one attempt ended. */
export type AttemptResult =
  | { ok: true; status: number }
  | {
      ok: false;
      status: number | null;
      /** For the delivery log. */
      error: string;
      /** Whether another attempt may succeed. */
      transient: boolean;
      /** Milliseconds that the receiver asked to wait. */
      retryAfter: number | undefined;
    };

export interface WebhookDeps {
  http: HttpClient;
  policy: TargetPolicy;
  /** The admin key, with which the receiver checks the signature. */
  secret: string;
  /** Milliseconds for one attempt. */
  timeout: number;
  now: () => number;
}

const responseLimit = 64 * 1024;

/** The only 4xx statuses after which another attempt may succeed (docs/spec/formation-api.md "Webhook attempts"). */
const transientRefusals = new Set([408, 425, 429]);

const signature = (secret: string, seconds: number, body: string): string =>
  createHmac("sha256", secret).update(`${seconds}.`).update(body).digest("hex");

const failureOf = (error: unknown): { error: string; transient: boolean } => {
  if (error instanceof ForbiddenTargetError) return { error: error.message, transient: false };
  const code = systemCode(error);
  return {
    error: code === undefined ? "the connection failed" : `the connection failed: ${code}`,
    transient: true,
  };
};

/**
 * Sends a body once, signed with a fresh timestamp (docs/spec/formation-api.md "Webhook signature").
 * Redirects are not followed: only the address that was checked may receive anything.
 */
export const postWebhook = async (
  { http, policy, secret, timeout, now }: WebhookDeps,
  { target, body }: { target: string; body: string },
  closing: AbortSignal,
): Promise<AttemptResult> => {
  const limit = startTimeLimit(timeout, closing);
  try {
    const url = parseTarget(target, policy);
    const seconds = Math.floor(now() / 1000);
    const sent = {
      "content-type": "application/json",
      "user-agent": "muxi",
      [headers.webhookTimestamp]: String(seconds),
      ...(secret !== "" && {
        [headers.webhookSignature]: `t=${seconds},v1=${signature(secret, seconds, body)}`,
      }),
    };
    // The status decides. The body is read only so that the connection can be used again.
    const { head } = await sendWhole(
      http,
      { method: "POST", url, headers: sent, body },
      { limit: responseLimit, signal: limit.signal },
    );
    const { status } = head;
    const retryAfter = readRetryAfter(Object.fromEntries(head.headers)["retry-after"], now());
    if (status >= 200 && status < 300) return { ok: true, status };
    return {
      ok: false,
      status,
      error: `the receiver answered ${status}`,
      transient: status < 400 || status >= 500 || transientRefusals.has(status),
      retryAfter: retryAfter === undefined ? undefined : retryAfter * 1000,
    };
  } catch (error) {
    closing.throwIfAborted();
    if (limit.isOver) {
      const message = `the receiver did not answer within ${timeout / 1000} s`;
      return { ok: false, status: null, error: message, transient: true, retryAfter: undefined };
    }
    return { ok: false, status: null, ...failureOf(error), retryAfter: undefined };
  } finally {
    limit.end();
  }
};
