/**
 * Receives the webhooks of a formation. Needs no client (docs/spec/formation-api.md "Webhook payload" and
 * "Webhook signature").
 */
import { ConfigurationError, MuxiError } from "./errors/index.ts";
import { fieldsOf, isObject, joined, readBody } from "./http/index.ts";
import { eventOf, type WebhookEvent } from "./webhook-event.ts";

export type { Clarification, ContentItem, ErrorDetails, WebhookEvent } from "./webhook-event.ts";

/** The delivery is not what it claims to be, or cannot be verified. Answer 400 and do nothing else. */
export class WebhookVerificationError extends MuxiError {
  override get name(): string {
    return "WebhookVerificationError";
  }

  constructor(message: string, cause?: unknown) {
    super(message, { code: "WEBHOOK_VERIFICATION_ERROR", cause });
  }
}

/** The body exactly as it arrived, never parsed and serialized again: the signature covers the bytes. */
export type Payload = string | Uint8Array;

/** One secret, or several while secrets are rotated: a match with any of them counts. */
export type WebhookSecret = string | readonly string[];

/** How strictly a signature is verified. */
export interface VerifyOptions {
  /** Most seconds between the time of the signature and now. Default 300. */
  tolerance?: number | undefined;
}

const encoder = new TextEncoder();

/** Most signatures of one header. A sender has one for each of its secrets; each that is tried costs a hash of the body. */
const mostSignatures = 8;

const requireSecrets = (secret: unknown): readonly string[] => {
  const secrets: unknown[] = Array.isArray(secret) ? secret : [secret];
  const usable = secrets.filter((each): each is string => typeof each === "string" && each.trim() !== "");
  if (usable.length > 0 && usable.length === secrets.length) return usable;
  throw new WebhookVerificationError("The webhook's secret is empty or not a string");
};

const importKey = (secret: string, usage: "sign" | "verify") => {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, [usage]);
};

const signedMessage = (timestamp: string, payload: Payload): Uint8Array<ArrayBuffer> => {
  const start = encoder.encode(`${timestamp}.`);
  const body = typeof payload === "string" ? encoder.encode(payload) : payload;
  const message = new Uint8Array(start.length + body.length);
  message.set(start);
  message.set(body, start.length);
  return message;
};

const hexBytes = (hex: string) =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** Not by its class: test environments have classes of their own. */
const isPayload = (value: unknown): value is Payload =>
  typeof value === "string" || Object.prototype.toString.call(value) === "[object Uint8Array]";

/** Arguments in another form would otherwise pass for a wrong signature, or for the default tolerance. */
const requireArguments = (call: string, ...fit: boolean[]): void => {
  if (fit.includes(false)) throw new ConfigurationError("arguments", `call ${call}`);
};

/** Time and signature of a header that was verified, in the form of the header. Undefined when none fits. */
const verifiedPart = async (
  payload: Payload,
  header: unknown,
  secret: WebhookSecret,
  { tolerance = 300 }: VerifyOptions,
): Promise<string | undefined> => {
  const secrets = requireSecrets(secret);
  // Of any other value a comparison would be false, as if the time were right.
  if (!(Number.isFinite(tolerance) && tolerance >= 0))
    throw new ConfigurationError("tolerance", "must be a number of seconds");
  const fields = (typeof header === "string" ? header : "").split(",").map((field) => field.trim());
  const timestamp = fields.find((field) => field.startsWith("t="))?.slice(2) ?? "";
  const signatures = fields.filter((field) => /^v1=[0-9a-f]{64}$/.test(field)).map((field) => field.slice(3));
  if (!/^\d{1,15}$/.test(timestamp) || signatures.length > mostSignatures) return undefined;
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > tolerance) return undefined;

  const message = signedMessage(timestamp, payload);
  for (const each of secrets) {
    const key = await importKey(each, "verify");
    for (const signature of signatures) {
      // Compares in constant time.
      if (await crypto.subtle.verify("HMAC", key, hexBytes(signature), message))
        return `t=${timestamp},v1=${signature}`;
    }
  }
  return undefined;
};

/**
 * Whether a body was signed with the secret, and recently. Await the result: a promise by itself is always truthy.
 *
 * @param payload The body exactly as it arrived.
 * @param header Value of `X-Muxi-Signature`. False when it is missing, malformed, or has more than 8 signatures.
 * @throws WebhookVerificationError when a secret is empty, because then anyone could sign.
 * @throws ConfigurationError when the arguments have another form, such as a body that was parsed already, or a
 * tolerance that is not a number of seconds.
 *
 * @example
 * if (!(await verifySignature(body, request.headers["x-muxi-signature"], secret))) return reply.code(400).send();
 */
export const verifySignature = async (
  payload: Payload,
  header: string | null | undefined,
  secret: WebhookSecret,
  options: VerifyOptions = {},
): Promise<boolean> => {
  requireArguments(
    "verifySignature(rawBody, signature, secret, { tolerance })",
    isPayload(payload),
    isObject(options),
  );
  return (await verifiedPart(payload, header, secret, options)) !== undefined;
};

/**
 * Makes the signature header that a formation would send, for tests of a receiver.
 *
 * @param timestamp Unix seconds. Default: now.
 */
export const sign = async (
  payload: Payload,
  secret: string,
  timestamp: number = Math.floor(Date.now() / 1000),
): Promise<string> => {
  requireArguments("sign(rawBody, secret, timestamp)", isPayload(payload));
  requireSecrets(secret);
  const key = await importKey(secret, "sign");
  const bytes = await crypto.subtle.sign("HMAC", key, signedMessage(String(timestamp), payload));
  const hex = Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `t=${timestamp},v1=${hex}`;
};

/**
 * Reads a body whose signature has been verified.
 *
 * @throws WebhookVerificationError when it is not the JSON of a webhook.
 * @throws ConfigurationError when it is neither text nor bytes.
 *
 * @example
 * const event = parse(body);
 * if (event.status === "failed") console.log(event.requestId, event.error?.message);
 */
export const parse = (payload: Payload): WebhookEvent => {
  requireArguments("parse(rawBody)", isPayload(payload));
  let value: unknown;
  try {
    value = JSON.parse(typeof payload === "string" ? payload : new TextDecoder().decode(payload));
  } catch (cause) {
    throw new WebhookVerificationError("The webhook's body is not JSON", cause);
  }
  const event = eventOf(fieldsOf(value));
  if (!event) throw new WebhookVerificationError("The webhook's body has no request id");
  return event;
};

/** How a delivery is verified. */
export interface ReceiveOptions extends VerifyOptions {
  /** The formation's admin key. */
  secret: WebhookSecret;
  /**
   * Tells whether a signature was seen before. It is given the time and the signature that were verified,
   * `t=<seconds>,v1=<hex>`, whatever else the header has. Remember them at least for the tolerance. A delivery that the
   * formation repeats is signed afresh and is no replay.
   */
  isReplay?: ((signature: string) => boolean | Promise<boolean>) | undefined;
}

/** Bytes of a delivery that are read at most, since anyone can send one. */
const longestDelivery = 16 * 1024 * 1024;

/**
 * Verifies and reads a delivery that arrived as a web standard `Request`.
 *
 * @throws WebhookVerificationError when the signature is missing, wrong, too old, or a replay, or the body is longer
 * than 16 MB.
 * @throws ConfigurationError when the arguments have another form, or the request's body was read before.
 *
 * @example
 * export async function POST(request: Request) {
 *   const event = await receive(request, { secret: process.env.MUXI_WEBHOOK_SECRET ?? "" });
 *   if (event.status === "completed") console.log(event.requestId, event.content[0]?.text);
 *   return new Response(null, { status: 204 });
 * }
 */
export const receive = async (request: Request, options: ReceiveOptions): Promise<WebhookEvent> => {
  requireArguments(
    "receive(request, { secret, tolerance, isReplay }) with a request whose body is unread",
    isObject(options) && ["undefined", "function"].includes(typeof options.isReplay),
    isObject(request) && request.bodyUsed === false,
  );
  const header = request.headers.get("x-muxi-signature");
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const size = await readBody(request, longestDelivery, (chunk) => chunks.push(chunk));
  if (size > longestDelivery)
    throw new WebhookVerificationError(`The webhook's body is longer than ${longestDelivery} bytes`);
  const payload = new Uint8Array(await joined(chunks));
  const verified = await verifiedPart(payload, header, options.secret, options);
  if (verified === undefined) {
    throw new WebhookVerificationError("The webhook's signature is missing, wrong or too old");
  }
  if (await options.isReplay?.(verified)) {
    throw new WebhookVerificationError("The webhook was received before");
  }
  return parse(payload);
};
