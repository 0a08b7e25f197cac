import type { CallToolResult } from "@modelcontextprotocol/client";
import type { ToolOutcome } from "./tool.ts";

type Content = CallToolResult["content"][number];

/** Bytes that a Base64 text encodes. */
const sizeOf = (base64: string) => Math.floor((base64.length * 3) / 4);

/**
 * Content as text, since models only read text here: anything else is described (docs/spec/formation-files.md "MCP
 * connections").
 */
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
      return "text" in resource
        ? `[resource ${resource.uri}]\n${resource.text}`
        : `[resource ${resource.uri}: ${resource.mimeType ?? "binary"}, ${sizeOf(resource.blob)} bytes]`;
    }
  }
};

/** Truncates a text to some bytes of UTF-8, between two characters, and says so at its end. */
const cutTo = (text: string, limit: number): string => {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  const kept = new TextDecoder().decode(bytes.subarray(0, limit)).replace(/\uFFFD+$/, "");
  return `${kept}\n[cut here: ${bytes.length - limit} more bytes]`;
};

/**
 * The result of a call as text.
 *
 * @param limit Bytes (`input_limits.max_tool_output_size`).
 */
export const outcomeOf = (result: CallToolResult, limit: number): ToolOutcome => {
  const texts = result.content.map(described);
  if (texts.length === 0 && result.structuredContent !== undefined) {
    texts.push(JSON.stringify(result.structuredContent));
  }
  return { text: cutTo(texts.join("\n"), limit), failed: result.isError === true };
};
