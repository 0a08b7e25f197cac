import { asError } from "@muxi/http";
import { isObject } from "@muxi/protocol";
import { textOf } from "../base/index.ts";
import { type FittedSchema, fitSchema } from "./tool-schema.ts";

/** A tool that a server offers, with a schema that every provider takes. */
export interface OfferedTool extends FittedSchema {
  name: string;
  description: string;
  /** Characters of its definition. */
  size: number;
  /** Whether its results should have a `structuredContent`. */
  isStructured: boolean;
}

/** The tools of a server, and those of them that cannot be offered. */
export interface ToolListing {
  tools: OfferedTool[];
  unusable: { tool: string; reason: string }[];
}

/** Most characters of one tool's definition: more would take the place of the conversation. */
const largestTool = 64 * 1024;

const readTool = (entry: Record<string, unknown>, name: string): OfferedTool => {
  if (name === "") throw new Error("it has no name");
  if (isObject(entry.execution) && entry.execution.taskSupport === "required")
    throw new Error("it runs only as a task, which is not supported");
  const description = textOf(entry.description) || textOf(entry.title);
  // Measured before its parts are looked at, and again as models get it.
  const measured = (schema: unknown) => {
    const size = name.length + description.length + (JSON.stringify(schema) ?? "").length;
    if (size > largestTool) throw new Error(`its definition has more than ${largestTool} characters`);
    return size;
  };
  measured(entry.inputSchema);
  const fitted = fitSchema(entry.inputSchema);
  return {
    name,
    description,
    ...fitted,
    size: measured(fitted.schema),
    isStructured: isObject(entry.outputSchema),
  };
};

/** Reads what a server lists. One tool that is not usable costs the others nothing. */
export const readTools = (listed: readonly unknown[]): ToolListing => {
  const listing: ToolListing = { tools: [], unusable: [] };
  const names = new Set<string>();
  for (const [index, entry] of listed.entries()) {
    const name = isObject(entry) ? textOf(entry.name) : "";
    try {
      if (!isObject(entry)) throw new Error("it is not an object");
      if (names.has(name)) throw new Error("another tool of the server has its name");
      listing.tools.push(readTool(entry, name));
      names.add(name);
    } catch (error) {
      listing.unusable.push({ tool: name || `number ${index + 1}`, reason: asError(error).message });
    }
  }
  return listing;
};
