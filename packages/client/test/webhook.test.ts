import { createHmac } from "node:crypto";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fuzzing } from "../../../test/fuzzing.ts";
import { MuxiError, webhook } from "../src/index.ts";
import { parse, receive, sign, verifySignature, WebhookVerificationError } from "../src/webhook.ts";
import { citation } from "./answers.ts";

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
  metadata: { citations: [citation] },
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

  test.each<[unknown]>([
    [""],
    [" "],
    [[]],
    [[secret, ""]],
    [[secret, null]],
    [undefined],
    [null],
    [5],
    [{ secret }],
  ])("a secret that is empty or no text is an error: %j", async (empty) => {
    const verifying = Reflect.apply(verifySignature, undefined, [body, await sign(body, secret), empty]);
    await expect(verifying).rejects.toThrow(WebhookVerificationError);
    await expect(Reflect.apply(sign, undefined, [body, empty])).rejects.toThrow(WebhookVerificationError);
  });

  test.each<[unknown]>([[Number.NaN], ["300"], ["soon"], [Number.POSITIVE_INFINITY], [-1], [null]])(
    "a tolerance of %j is an error, and no check less",
    async (tolerance) => {
      const old = await sign(body, secret, now() - 100_000);
      for (const header of [old, await sign(body, secret)]) {
        const verifying = Reflect.apply(verifySignature, undefined, [body, header, secret, { tolerance }]);
        await expect(verifying).rejects.toMatchObject({ name: "ConfigurationError", option: "tolerance" });
      }
    },
  );

  test.each<[unknown]>([[5], [true], [{}], [["t=1", "v1=00"]], [new Headers()], [Symbol("t=1")]])(
    "a header that is no text is refused: %o",
    async (header) => {
      expect(await Reflect.apply(verifySignature, undefined, [body, header, secret])).toBe(false);
    },
  );

  test("tries eight signatures of a header, and refuses one that has more", async () => {
    const [time, signature] = (await sign(body, secret)).split(",");
    const other = `v1=${"0".repeat(64)}`;
    const withOthers = (count: number) => [time, ...new Array(count).fill(other), signature].join(",");
    expect(await verifySignature(body, withOthers(7), secret)).toBe(true);
    expect(await verifySignature(body, withOthers(8), secret)).toBe(false);
  });

  test("takes bytes of another realm, as test environments give them", async () => {
    const foreign: Uint8Array = runInNewContext("new Uint8Array(bytes)", { bytes: [...bytes] });
    expect(await verifySignature(foreign, await sign(body, secret), secret)).toBe(true);
    expect(parse(foreign).requestId).toBe("req_1");
  });
});

test.each<[string, unknown[]]>([
  ["a body that was parsed already", [completion, "t=1,v1=00", secret]],
  ["one object with all arguments", [{ payload: body, signature: "t=1,v1=00", secret }]],
  ["the tolerance as a number", [body, "t=1,v1=00", secret, 600]],
  ["a buffer", [bytes.buffer, "t=1,v1=00", secret]],
  ["no body", [undefined, "t=1,v1=00", secret]],
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
      citations: [citation],
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

  test.each(["", "not json", "[]", "null", "{}", "5"])("refuses %j", (payload) => {
    expect(() => parse(payload)).toThrow(WebhookVerificationError);
  });

  test.each<[unknown]>([[undefined], [null], [5], [completion], [bytes.buffer]])(
    "a body that is neither text nor bytes sees the right call: %o",
    (payload) => {
      expect(() => Reflect.apply(parse, undefined, [payload])).toThrow("call parse(rawBody)");
    },
  );
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

  test.each<[string, (time: string, signature: string) => string]>([
    ["another field", (time, signature) => `${time},${signature},x=1`],
    ["its parts swapped", (time, signature) => `${signature},${time}`],
    ["a blank", (time, signature) => `${time}, ${signature}`],
    ["another signature before its own", (time, signature) => `${time},v1=${"0".repeat(64)},${signature}`],
    ["another time behind its own", (time, signature) => `${time},${signature},t=1`],
    ["its signature twice", (time, signature) => `${time},${signature},${signature}`],
  ])("refuses a replay whose header has %s", async (_, change) => {
    const seen = new Set<string>();
    const isReplay = (signature: string) => seen.has(signature) || !seen.add(signature);
    const header = await sign(body, secret);
    const [time = "", signature = ""] = header.split(",");
    await receive(await delivery({ "X-Muxi-Signature": header }), { secret, isReplay });
    expect([...seen]).toEqual([header]);
    const again = await delivery({ "X-Muxi-Signature": change(time, signature) });
    await expect(receive(again, { secret, isReplay })).rejects.toThrow("received before");
  });

  test("refuses a body without end, whatever its signature says", async () => {
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536));
      },
    });
    const init = { method: "POST", body: endless, duplex: "half", headers: { "X-Muxi-Signature": "t=1" } };
    const request = new Request("https://example.com/hook", init);
    await expect(receive(request, { secret })).rejects.toThrow("is longer than 16777216 bytes");
    expect(sent).toBeLessThan(17 * 1024 * 1024);
  });

  test("a request that was read, another kind of request, or no options see the right call", async () => {
    const read = await delivery({});
    await read.text();
    const nodeRequest = { headers: { "x-muxi-signature": "t=1" }, body: {} };
    for (const args of [[read, { secret }], [nodeRequest, { secret }], [await delivery({})]]) {
      await expect(Reflect.apply(receive, undefined, args)).rejects.toMatchObject({
        name: "ConfigurationError",
        message: expect.stringContaining("call receive(request, { secret, tolerance, isReplay })"),
      });
    }
  });
});

const { cases, patience } = fuzzing(500);

test("whatever header and body come, the answer is false or an error of this package", {
  timeout: patience,
}, async () => {
  const time = String(now());
  const { 1: signature = "" } = (await sign(body, secret, Number(time))).split(",v1=");
  const field = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc
      .tuple(fc.constantFrom("t", "v1", "v0", " t", "T"), fc.string({ maxLength: 70 }))
      .map((pair) => pair.join("=")),
    fc.constantFrom(
      `t=${time}`,
      `t=0${time}`,
      `v1=${signature}`,
      `v1=${signature.toUpperCase()}`,
      "v1=",
      "t=",
    ),
  );
  const header = fc.oneof(
    fc.array(field, { maxLength: 12 }).map((fields) => fields.join(",")),
    fc.anything(),
  );
  await fc.assert(
    fc.asyncProperty(
      header,
      fc.oneof(fc.uint8Array(), fc.constant(body), fc.anything()),
      async (given, payload) => {
        const [result] = await Promise.allSettled([
          Reflect.apply(verifySignature, undefined, [payload, given, secret]),
        ]);
        if (result.status === "rejected") {
          expect(result.reason).toBeInstanceOf(MuxiError);
          return;
        }
        // Only the signed body passes, and only with its own time, as the first, and its own signature.
        const first =
          typeof given === "string" ? given.split(",").find((each) => /^\s*t=/.test(each)) : undefined;
        const fits = payload === body && first?.trim() === `t=${time}` && String(given).includes(signature);
        if (result.value) expect(fits).toBe(true);
      },
    ),
    cases,
  );
});

test("whatever body was signed, it is an event or an error of this package", { timeout: patience }, () => {
  const fields = Object.keys(completion).map((name) => [name, fc.jsonValue({ maxDepth: 2 })] as const);
  const odd = fc
    .record(Object.fromEntries(fields), { requiredKeys: [] })
    .map((event) => JSON.stringify(event));
  fc.assert(
    fc.property(fc.oneof(odd, fc.string(), fc.uint8Array(), fc.json()), (payload) => {
      try {
        expect(typeof parse(payload).requestId).toBe("string");
      } catch (error) {
        expect(error).toBeInstanceOf(WebhookVerificationError);
      }
    }),
    cases,
  );
});
