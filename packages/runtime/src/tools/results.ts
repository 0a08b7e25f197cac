import { isObject } from "@muxi/protocol";
import { imageTypeOf, largestImage } from "../attachments/index.ts";
import { textOf } from "../base/index.ts";
import type { ImagePart } from "../models/index.ts";
import type { ToolOutcome } from "./tool.ts";

/** The result of a call as its server sent it: what breaks the rules of MCP is read as far as its meaning is plain. */
export interface ServerResult {
  content?: unknown;
  structuredContent?: unknown;
  isError?: unknown;
}

/** Limits of the images of one result (docs/spec/formation-files.md "Tool loop"). */
const mostImages = 10;
const mostImageBytes = 2 * largestImage;

/** Bytes that a Base64 text encodes. */
const sizeOf = (base64: string) => Math.floor((base64.length * 3) / 4);

const isText = (mediaType: string | undefined): boolean =>
  /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml|yaml)\b)/.test(mediaType ?? "");

const describedData = (type: string, mediaType: string, data: string): string =>
  `[${type}: ${mediaType || "binary"}, ${sizeOf(data)} bytes]`;

const describedResource = (resource: Record<string, unknown>): string => {
  const uri = textOf(resource.uri);
  const mediaType = textOf(resource.mimeType);
  const blob = textOf(resource.blob);
  if (blob === "") return `[resource ${uri}]\n${textOf(resource.text)}`;
  return isText(mediaType)
    ? `[resource ${uri}]\n${Buffer.from(blob, "base64").toString("utf8")}`
    : describedData(`resource ${uri}`, mediaType, blob);
};

/** Content as text. Anything that is not text is described; what has no known type stays JSON. */
const described = (content: unknown): string => {
  if (typeof content === "string") return content;
  if (!isObject(content)) return "";
  const { type, text } = content;
  if (typeof content.data === "string" && (type === "image" || type === "audio"))
    return describedData(type, textOf(content.mimeType), content.data);
  if (type === "resource" && isObject(content.resource)) return describedResource(content.resource);
  if (type === "resource_link") {
    const uri = textOf(content.uri);
    return `[resource ${textOf(content.name) || uri}: ${uri}]`;
  }
  if (typeof text === "string" || typeof text === "number") return String(text);
  return type === "text" || type === "resource" ? "" : JSON.stringify(content);
};

/** The data of an image, or of a resource that may be one. */
const imageIn = (content: unknown): { mimeType: string; data: string } | undefined => {
  if (!isObject(content)) return undefined;
  if (content.type === "image") return { mimeType: textOf(content.mimeType), data: textOf(content.data) };
  const { resource } = content;
  if (content.type !== "resource" || !isObject(resource) || typeof resource.blob !== "string")
    return undefined;
  return { mimeType: textOf(resource.mimeType), data: resource.blob };
};

/**
 * The images that a model can see. Others are left out, as is what exceeds the limits: a provider refuses a whole request
 * for one bad image.
 */
const imagesOf = (contents: readonly unknown[]): ImagePart[] => {
  const images: ImagePart[] = [];
  let left = mostImageBytes;
  for (const content of contents) {
    const found = imageIn(content);
    if (!found || images.length === mostImages || sizeOf(found.data) > Math.min(left, largestImage)) continue;
    const bytes = Buffer.from(found.data, "base64");
    const mediaType = imageTypeOf(found.mimeType, bytes);
    if (mediaType === undefined) continue;
    left -= bytes.length;
    images.push({ type: "image", mediaType, data: bytes.toString("base64") });
  }
  return images;
};

/** Truncates a text to some bytes of UTF-8, between two characters, and says so at its end. */
const cutTo = (text: string, limit: number): string => {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  // As a part of a stream, it leaves out a character that is not whole.
  const kept = new TextDecoder().decode(bytes.subarray(0, limit), { stream: true });
  return `${kept}\n[cut here: ${bytes.length - limit} more bytes]`;
};

/**
 * The result of a call as text and images.
 *
 * @param limit Bytes of the text (`input_limits.max_tool_output_size`).
 */
export const outcomeOf = (result: ServerResult, limit: number): ToolOutcome => {
  const contents: unknown[] = [result.content ?? []].flat();
  const texts = contents.map(described);
  if (texts.join("") === "" && result.structuredContent !== undefined) {
    texts.push(JSON.stringify(result.structuredContent));
  }
  const images = imagesOf(contents);
  return {
    text: cutTo(texts.filter((text) => text !== "").join("\n"), limit),
    failed: result.isError === true || result.isError === "true",
    ...(images.length > 0 && { images }),
  };
};
