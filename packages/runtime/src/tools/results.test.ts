import { expect, test } from "vitest";
import { outcomeOf } from "./results.ts";

const read = (...content: unknown[]) => outcomeOf({ content }, 1_000);

const png = (size: number) => {
  const bytes = Buffer.alloc(size);
  bytes.write("\x89PNG\r\n", "latin1");
  return bytes.toString("base64");
};

const megabyte = 2 ** 20;

test("images are for models that see, and are described for the others", () => {
  expect(
    read({ type: "text", text: "A tree:" }, { type: "image", mimeType: "image/png", data: png(30) }),
  ).toEqual({
    text: "A tree:\n[image: image/png, 30 bytes]",
    failed: false,
    images: [{ type: "image", mediaType: "image/png", data: png(30) }],
  });
});

test("a resource is read as what it is: an image, text, or something that is described", () => {
  const resource = (uri: string, mimeType: string, data: string) =>
    read({ type: "resource", resource: { uri, mimeType, blob: data } });
  expect(resource("file:///tree.png", "image/png", png(30))).toEqual({
    text: "[resource file:///tree.png: image/png, 30 bytes]",
    failed: false,
    images: [{ type: "image", mediaType: "image/png", data: png(30) }],
  });
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  expect(resource("file:///a.csv", "text/csv; charset=utf-8", base64("apfel,grün")).text).toBe(
    "[resource file:///a.csv]\napfel,grün",
  );
  expect(resource("file:///a.geo", "application/geo+json", base64("{}")).text).toBe(
    "[resource file:///a.geo]\n{}",
  );
  expect(resource("file:///a.bin", "application/zip", base64("PK12")).text).toBe(
    "[resource file:///a.bin: application/zip, 6 bytes]",
  );
  expect(read({ type: "resource", resource: { uri: "file:///a.txt", text: "Apples" } }).text).toBe(
    "[resource file:///a.txt]\nApples",
  );
});

test.each<[what: string, result: object, text: string]>([
  [
    "a part of an unknown type",
    {
      content: [
        { type: "table", rows: 2 },
        { type: "text", text: "a" },
      ],
    },
    '{"type":"table","rows":2}\na',
  ],
  ["a part without a type", { content: [{ text: "a" }] }, "a"],
  ["a part that is a text", { content: ["a", "b"] }, "a\nb"],
  ["one part without a list", { content: { type: "text", text: "a" } }, "a"],
  ["a text without parts", { content: "a" }, "a"],
  ["a number as text", { content: [{ type: "text", text: 42 }] }, "42"],
  ["nothing as text", { content: [{ type: "text", text: null }, null, { type: "text", text: "a" }] }, "a"],
  ["an image without a type", { content: [{ type: "image", data: "aGkh" }] }, "[image: binary, 3 bytes]"],
  [
    "a resource without one",
    {
      content: [
        { type: "resource", resource: null },
        { type: "text", text: "a" },
      ],
    },
    "a",
  ],
  [
    "a link without a name",
    { content: [{ type: "resource_link", uri: "x://y" }] },
    "[resource x://y: x://y]",
  ],
  [
    "notes that break the rules",
    { content: [{ type: "text", text: "a", annotations: { priority: 9 } }] },
    "a",
  ],
  ["a structure alone", { content: null, structuredContent: [1] }, "[1]"],
  ["nothing", {}, ""],
])("a result with %s is read", (_, result, text) => {
  expect(outcomeOf(result, 1_000)).toEqual({ text, failed: false });
});

test.each<[what: string, mimeType: string, data: string]>([
  ["is of a type that models do not see", "image/tiff", png(30)],
  ["is not of the type that it claims", "image/jpeg", png(30)],
  ["is damaged", "image/png", "***"],
  ["is too large", "image/png", png(5 * megabyte + 1)],
])("an image that %s is only described", (_, mimeType, data) => {
  const outcome = read({ type: "image", mimeType, data });
  expect(outcome.images).toBeUndefined();
  expect(outcome.text).toMatch(/^\[image: image/);
});

test("a result has ten images at most, and ten megabytes of them", () => {
  const images = (count: number, size: number) =>
    read(
      ...Array.from({ length: count }, () => ({
        type: "image" as const,
        mimeType: "image/png",
        data: png(size),
      })),
    ).images;
  expect(images(12, 30)).toHaveLength(10);
  expect(images(4, 3 * megabyte)).toHaveLength(3);
});

test("the limit of a result is that of its text", () => {
  const { text, images } = outcomeOf(
    {
      content: [
        { type: "text", text: "x".repeat(200) },
        { type: "image", mimeType: "image/png", data: png(3_000) },
      ],
    },
    100,
  );
  expect(text).toMatch(/^x{100}\n\[cut here/);
  expect(images).toHaveLength(1);
});
