import { expect, expectTypeOf, test } from "vitest";
import * as z from "zod";
import { ConfigurationError, FormationClient, type MuxiError, ValidationError } from "../src/index.ts";
import { done, frame, openStream, progress, serve, text } from "./server.ts";

const clientOf = (url: string) => new FormationClient({ url, clientKey: "ck" });

/** A server whose answer is this JSON, in pieces. */
const serveObject = (pieces: string[], object: unknown = JSON.parse(pieces.join(""))) =>
  serve((_, response) => {
    openStream(response);
    const events = [
      progress,
      ...pieces.map((delta, index) => ({ type: "object", delta, ...(index === 0 && { replace: true }) })),
      text(pieces.join("")),
      { ...done, ...(object !== undefined && { object }) },
    ];
    response.end(events.map((event, index) => frame(index + 1, event)).join(""));
  });

const schema = z.object({ pears: z.array(z.string()), note: z.string().optional() });

test("a schema of Zod is sent as JSON Schema, and is the type of the value", async () => {
  const server = await serveObject(['{"pears":["Co', 'x"]}']);
  const generated = clientOf(server.url).generate({ message: "Which?", schema }, { userId: "ann" });
  const value = await generated.object();
  expectTypeOf(value).toEqualTypeOf<{ pears: string[]; note?: string | undefined }>();
  expect(value).toEqual({ pears: ["Cox"] });
  expect(JSON.parse(server.received[0]?.body ?? "")).toMatchObject({
    message: "Which?",
    format: {
      type: "json",
      schema: {
        type: "object",
        properties: { pears: { type: "array", items: { type: "string" } }, note: { type: "string" } },
        required: ["pears"],
        additionalProperties: false,
      },
    },
  });
});

test("a JSON Schema is sent as it is", async () => {
  const server = await serveObject(["[1]"]);
  const list = { type: "array", items: { type: "integer" } };
  expect(await clientOf(server.url).generate<number[]>({ message: "Which?", schema: list }).object()).toEqual(
    [1],
  );
  expect(JSON.parse(server.received[0]?.body ?? "").format).toEqual({ type: "json", schema: list });
});

test("the value is there in parts", async () => {
  const server = await serveObject(['{"pears":["Co', 'x","Bo', 'sc"]}']);
  const parts: unknown[] = [];
  for await (const part of clientOf(server.url)
    .generate({ message: "Which?", schema })
    .partialObjectStream()) {
    expectTypeOf(part).toEqualTypeOf<{ pears?: string[]; note?: string | undefined }>();
    parts.push(part);
  }
  expect(parts.at(-1)).toEqual({ pears: ["Cox", "Bosc"] });
});

test("what its library refuses, and a question in its place, are errors", async () => {
  const wrong = await serveObject(['{"pears":1}']);
  await expect(clientOf(wrong.url).generate({ message: "Which?", schema }).object()).rejects.toThrow(
    ValidationError,
  );
  const asking = await serve((_, response) => {
    openStream(response);
    response.end(
      [progress, text("Which orchard?"), done].map((event, index) => frame(index + 1, event)).join(""),
    );
  });
  await expect(clientOf(asking.url).generate({ message: "Which?", schema }).object()).rejects.toMatchObject({
    code: "NO_OBJECT",
    message: "There is no object yet: Which orchard?",
  } satisfies Partial<MuxiError>);
});

test("a library without JSON Schema is refused before anything is sent", async () => {
  const server = await serveObject(["{}"]);
  const old = {
    "~standard": { version: 1, vendor: "old", validate: (value: unknown) => ({ value }) },
  } as const;
  const generated = clientOf(server.url).generate({ message: "Hi", schema: old });
  await expect(generated.object()).rejects.toThrow(ConfigurationError);
  expect(server.received).toEqual([]);
});
