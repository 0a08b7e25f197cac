import type { CallToolResult } from "@modelcontextprotocol/client";
import { expect, test } from "vitest";
import { outcomeOf } from "./results.ts";

const read = (...content: CallToolResult["content"]) => outcomeOf({ content }, 1_000);

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
