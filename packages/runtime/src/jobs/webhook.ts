import { createHmac } from "node:crypto";
import type { Dispatcher } from "undici";
import { ForbiddenTargetError, parseTarget, type TargetPolicy } from "./targets.ts";

/** How one try ended. */
export type TryResult =
  | { ok: true; status: number }
  | {
      ok: false;
      status: number | null;
      /** For the delivery log. */
      error: string;
      /** Whether another try makes sense. */
      transient: boolean;
      /** Milliseconds that the receiver asked for. */
      retryAfter: number | undefined;
    };

export interface WebhookDeps {
  dispatcher: Dispatcher;
  policy: TargetPolicy;
  /** The admin key; a receiver checks the signature with it. */
  secret: string;
  /** Milliseconds for one try. */
  timeout: number;
  now: () => number;
}

const responseLimit = 64 * 1024;

/** The only refusals of a receiver that a repeat can make good (contract/formation.md 10.5). */
const transientRefusals = new Set([408, 425, 429]);

const signature = (secret: string, seconds: number, body: string): string =>
  createHmac("sha256", secret).update(`${seconds}.`).update(body).digest("hex");

/** Milliseconds of a `Retry-After`, which is seconds or a date. */
const retryAfterOf = (header: string | string[] | undefined, now: number): number | undefined => {
  if (typeof header !== "string") return undefined;
  const wait = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(wait) && wait > 0 ? wait : undefined;
};

const failureOf = (error: unknown): { error: string; transient: boolean } => {
  if (error instanceof ForbiddenTargetError) return { error: error.message, transient: false };
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return { error: code === "" ? "the connection failed" : `the connection failed: ${code}`, transient: true };
};

/**
 * Sends a body once, signed with a fresh timestamp (contract/formation-api.md 6.3). Redirects are not followed: the
 * address that was checked is the only one that learns anything.
 */
export const postWebhook = async (
  { dispatcher, policy, secret, timeout, now }: WebhookDeps,
  { target, body }: { target: string; body: string },
  closing: AbortSignal,
): Promise<TryResult> => {
  const deadline = AbortSignal.timeout(timeout);
  try {
    const url = parseTarget(target, policy);
    const seconds = Math.floor(now() / 1000);
    const {
      statusCode,
      headers,
      body: response,
    } = await dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": "muxi",
        "x-muxi-timestamp": String(seconds),
        ...(secret !== "" && { "x-muxi-signature": `t=${seconds},v1=${signature(secret, seconds, body)}` }),
      },
      body,
      signal: AbortSignal.any([deadline, closing]),
    });
    // The status says it all; the rest is read for the sake of the connection, and its end concerns nobody.
    await response.dump({ limit: responseLimit }).catch(() => undefined);
    if (statusCode >= 200 && statusCode < 300) return { ok: true, status: statusCode };
    return {
      ok: false,
      status: statusCode,
      error: `the receiver answered ${statusCode}`,
      transient: statusCode < 400 || statusCode >= 500 || transientRefusals.has(statusCode),
      retryAfter: retryAfterOf(headers["retry-after"], now()),
    };
  } catch (error) {
    closing.throwIfAborted();
    if (deadline.aborted) {
      const message = `the receiver did not answer within ${timeout / 1000} s`;
      return { ok: false, status: null, error: message, transient: true, retryAfter: undefined };
    }
    return { ok: false, status: null, ...failureOf(error), retryAfter: undefined };
  }
};
