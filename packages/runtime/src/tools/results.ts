import type { CallToolResult } from "@modelcontextprotocol/client";
import { imageTypeOf, largestImage } from "../attachments/index.ts";
import type { ImagePart } from "../models/index.ts";
import type { ToolOutcome } from "./tool.ts";

type Content = CallToolResult["content"][number];

/** Limits of the images of one result (docs/spec/formation-files.md "Tool loop"). */
const mostImages = 10;
const mostImageBytes = 2 * largestImage;

/** Bytes that a Base64 text encodes. */
const sizeOf = (base64: string) => Math.floor((base64.length * 3) / 4);

const isText = (mediaType: string | undefined): boolean =>
  /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml|yaml)\b)/.test(mediaType ?? "");

/** Content as text. Anything that is not text is described. */
const described = (content: Content): string => {
  switch (content.type) {
    case "text":
      return content.text;
    case "image":
    case "audio":
      return `[${content.type}: ${content.mimeType}, ${sizeOf(content.data)} bytes]`;
    case "resource_link":
      return `[resource ${content.name}: ${content.uri}]`;
    case "resource": {
      const { resource } = content;
      if ("text" in resource) return `[resource ${resource.uri}]\n${resource.text}`;
      const { uri, mimeType, blob } = resource;
      return isText(mimeType)
        ? `[resource ${uri}]\n${Buffer.from(blob, "base64").toString("utf8")}`
        : `[resource ${uri}: ${mimeType ?? "binary"}, ${sizeOf(blob)} bytes]`;
    }
  }
};

/** The data of an image, or of a resource that may be one. */
const imageIn = (content: Content): { mimeType: string; data: string } | undefined => {
  if (content.type === "image") return content;
  if (content.type !== "resource" || !("blob" in content.resource)) return undefined;
  const { mimeType = "", blob } = content.resource;
  return { mimeType, data: blob };
};

/**
 * The images that a model can see. Others are left out, as is what exceeds the limits: a provider refuses a whole request
 * for one bad image.
 */
const imagesOf = (contents: readonly Content[]): ImagePart[] => {
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
export const outcomeOf = (result: CallToolResult, limit: number): ToolOutcome => {
  const texts = result.content.map(described);
  if (texts.length === 0 && result.structuredContent !== undefined) {
    texts.push(JSON.stringify(result.structuredContent));
  }
  const images = imagesOf(result.content);
  return {
    text: cutTo(texts.join("\n"), limit),
    failed: result.isError === true,
    ...(images.length > 0 && { images }),
  };
};
