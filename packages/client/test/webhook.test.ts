import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { MuxiError, webhook } from "../src/index.ts";
import { parse, receive, sign, verifySignature, WebhookVerificationError } from "../src/webhook.ts";

const secret = "the-admin-key";
const now = () => Math.floor(Date.now() / 1000);

const completion = {
  id: "req_1",
  object: "response",
  status: "completed",
  timestamp: 1_700_000_000_123,
  formation_id: "hello",
  user_id: "user_123",
  processing_time: 1.5,
  processing_mode: "async",
  webhook_url: "https://example.com/hook",
  usage: { input_tokens: 100, output_tokens: 5, total_tokens: 105, cached_tokens: 60 },
  error: null,
  response: [
    { type: "text", text: "Grüße 👋" },
    { type: "file", file: { type: "image", url: "https://example.com/a.png" } },
  ],
};
const body = JSON.stringify(completion);
const bytes = new TextEncoder().encode(body);

describe("verifySignature", () => {
  test("accepts what an independent HMAC signed, as text and as bytes", async () => {
    const time = now();
    const hex = createHmac("sha256", secret).update(`${time}.`).update(body).digest("hex");
    expect(await verifySignature(body, `t=${time},v1=${hex}`, secret)).toBe(true);
    expect(await verifySignature(bytes, `v1=${hex}, t=${time}`, secret)).toBe(true);
    expect(await sign(body, secret, time)).toBe(`t=${time},v1=${hex}`);
  });

  test.each([
    ["missing", () => null],
    ["undefined", () => undefined],
    ["empty", () => ""],
    ["without a time", (_: string, hex: string) => `v1=${hex}`],
    ["without a signature", (time: string) => `t=${time}`],
    ["with letters after the time", (time: string, hex: string) => `t=${time}x,v1=${hex}`],
    ["with a fraction as time", (time: string, hex: string) => `t=${time}.5,v1=${hex}`],
    ["with a short signature", (time: string, hex: string) => `t=${time},v1=${hex.slice(2)}`],
    ["with a long signature", (time: string, hex: string) => `t=${time},v1=${hex}00`],
    ["with something that is not hex", (time: string, hex: string) => `t=${time},v1=zz${hex.slice(2)}`],
    ["with another signature", (time: string, hex: string) => `t=${time},v1=${[...hex].reverse().join("")}`],
    ["with another time", (time: string, hex: string) => `t=${Number(time) - 1},v1=${hex}`],
  ])("refuses a header %s", async (_, header) => {
    const [time = "", hex = ""] = (await sign(body, secret)).replace("t=", "").split(",v1=");
    expect(await verifySignature(body, header(time, hex), secret)).toBe(false);
  });

  test("refuses another body and another secret", async () => {
    const header = await sign(body, secret);
    expect(await verifySignature(`${body} `, header, secret)).toBe(false);
    expect(await verifySignature(body, header, "another")).toBe(false);
  });

  test("holds the tolerance in both directions", async () => {
    const old = await sign(body, secret, now() - 310);
    const future = await sign(body, secret, now() + 310);
    expect(await verifySignature(body, old, secret)).toBe(false);
    expect(await verifySignature(body, future, secret)).toBe(false);
    expect(await verifySignature(body, old, secret, { tolerance: 400 })).toBe(true);
    expect(await verifySignature(body, await sign(body, secret, now() - 290), secret)).toBe(true);
  });

  test("accepts any of several secrets", async () => {
    const header = await sign(body, secret);
    expect(await verifySignature(body, header, ["the-next-key", secret])).toBe(true);
    expect(await verifySignature(body, header, ["the-next-key"])).toBe(false);
  });

  test.each([[""], [[]], [[secret, ""]]])("an empty secret is an error: %j", async (empty) => {
    await expect(verifySignature(body, null, empty)).rejects.toThrow(WebhookVerificationError);
  });
});

test.each<[string, unknown[]]>([
  ["a body that was parsed already", [completion, "t=1,v1=00", secret]],
  ["one object with all arguments", [{ payload: body, signature: "t=1,v1=00", secret }]],
  ["the tolerance as a number", [body, "t=1,v1=00", secret, 600]],
])("%s in place of the right arguments sees the right call", async (_, args) => {
  await expect(Reflect.apply(verifySignature, undefined, args)).rejects.toMatchObject({
    name: "ConfigurationError",
    message: expect.stringContaining("verifySignature(rawBody, signature, secret, { tolerance })"),
  });
});

test("the main entry has the same functions and the same error as muxi-client/webhook", async () => {
  expect(webhook.parse(body).requestId).toBe("req_1");
  expect(await webhook.verifySignature(body, await webhook.sign(body, secret), secret)).toBe(true);
  expect(() => webhook.parse("{")).toThrow(WebhookVerificationError);
  expect(() => parse("{")).toThrow(MuxiError);
});

describe("parse", () => {
  test("reads a completion", () => {
    expect(parse(bytes)).toEqual({
      requestId: "req_1",
      status: "completed",
      timestamp: 1_700_000_000_123,
      content: completion.response,
      error: undefined,
      clarification: undefined,
      formationId: "hello",
      userId: "user_123",
      processingTime: 1.5,
      processingMode: "async",
      webhookUrl: "https://example.com/hook",
      usage: { input_tokens: 100, output_tokens: 5, total_tokens: 105, cached_tokens: 60 },
      raw: completion,
    });
  });

  test("reads a failure", () => {
    const error = { code: "processing_failed", message: "No answer", trace: null };
    const event = parse(JSON.stringify({ ...completion, status: "failed", error, response: [] }));
    expect(event).toMatchObject({ status: "failed", error, content: [] });
  });

  test("reads a clarification, whose time is in seconds", () => {
    const event = parse(
      JSON.stringify({
        request_id: "req_2",
        status: "awaiting_clarification",
        clarification_question: "Which one?",
        clarification_request_id: "clr_1",
        original_message: "Delete it",
        user_id: null,
        timestamp: 1_700_000_000.5,
      }),
    );
    expect(event).toMatchObject({
      requestId: "req_2",
      timestamp: 1_700_000_000_500,
      clarification: {
        question: "Which one?",
        clarificationRequestId: "clr_1",
        originalMessage: "Delete it",
      },
      content: [],
    });
  });

  test.each(["", "not json", "[]", "null", "{}"])("refuses %j", (payload) => {
    expect(() => parse(payload)).toThrow(WebhookVerificationError);
  });
});

describe("receive", () => {
  const delivery = async (headers: Record<string, string>) =>
    new Request("https://example.com/hook", { method: "POST", body, headers });

  test("verifies and reads a request", async () => {
    const request = await delivery({ "X-Muxi-Signature": await sign(body, secret) });
    expect(await receive(request, { secret })).toMatchObject({ requestId: "req_1", status: "completed" });
  });

  test("refuses a request without a signature", async () => {
    await expect(receive(await delivery({}), { secret })).rejects.toThrow(WebhookVerificationError);
  });

  test("refuses a replay", async () => {
    const seen = new Set<string>();
    const isReplay = (signature: string) => seen.has(signature) || !seen.add(signature);
    const headers = { "X-Muxi-Signature": await sign(body, secret) };
    await receive(await delivery(headers), { secret, isReplay });
    await expect(receive(await delivery(headers), { secret, isReplay })).rejects.toThrow("received before");
  });
});
