import { createHmac } from "node:crypto";
import type { AnswerHead, HttpClient, OutgoingRequest } from "@muxi/http";
import { startTimeLimit } from "../base/index.ts";
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
  http: HttpClient;
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
const retryAfterOf = (header: string | undefined, now: number): number | undefined => {
  if (header === undefined) return undefined;
  const wait = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(wait) && wait > 0 ? wait : undefined;
};

const failureOf = (error: unknown): { error: string; transient: boolean } => {
  if (error instanceof ForbiddenTargetError) return { error: error.message, transient: false };
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return { error: code === "" ? "the connection failed" : `the connection failed: ${code}`, transient: true };
};

/** The status says it all: the rest is read for the sake of the connection, and how it ends concerns nobody. */
const headOf = (http: HttpClient, request: OutgoingRequest, signal: AbortSignal): Promise<AnswerHead> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    let answer: AnswerHead | undefined;
    let size = 0;
    const end = (error?: unknown) => {
      signal.removeEventListener("abort", breakOff);
      if (answer) resolve(answer);
      else reject(error);
    };
    const breakOff = () => {
      call.abort();
      end(signal.reason);
    };
    const call = http.send(request, {
      head(head) {
        answer = head;
      },
      data(piece) {
        size += piece.length;
        if (size > responseLimit) breakOff();
      },
      end,
      failed: end,
    });
    signal.addEventListener("abort", breakOff, { once: true });
  });

/**
 * Sends a body once, signed with a fresh timestamp (docs/spec/formation-api.md "Webhook signature").
 * Redirects are not followed: the address that was checked is the only one that learns anything.
 */
export const postWebhook = async (
  { http, policy, secret, timeout, now }: WebhookDeps,
  { target, body }: { target: string; body: string },
  closing: AbortSignal,
): Promise<TryResult> => {
  const limit = startTimeLimit(timeout, closing);
  try {
    const url = parseTarget(target, policy);
    const seconds = Math.floor(now() / 1000);
    const headers = {
      "content-type": "application/json",
      "user-agent": "muxi",
      "x-muxi-timestamp": String(seconds),
      ...(secret !== "" && { "x-muxi-signature": `t=${seconds},v1=${signature(secret, seconds, body)}` }),
    };
    const answer = await headOf(http, { method: "POST", url, headers, body }, limit.signal);
    const { status } = answer;
    if (status >= 200 && status < 300) return { ok: true, status };
    return {
      ok: false,
      status,
      error: `the receiver answered ${status}`,
      transient: status < 400 || status >= 500 || transientRefusals.has(status),
      retryAfter: retryAfterOf(Object.fromEntries(answer.headers)["retry-after"], now()),
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
