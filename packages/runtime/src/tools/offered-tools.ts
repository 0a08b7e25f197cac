import { setImmediate } from "node:timers/promises";
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
  /** Whether it may change or delete something, by its annotations; without any it may. */
  isDestructive: boolean;
}

/** The tools of a server, and those of them that cannot be offered. */
export interface ToolListing {
  tools: OfferedTool[];
  unusable: { tool: string; reason: string }[];
}

/** Most characters of one tool's definition: more would take the place of the conversation. */
const largestTool = 64 * 1024;
/** Characters of a name. */
const longestName = 256;
/** Tools of one server that are looked at: ten times what any provider takes. */
const mostTools = 10_000;
/** Characters of their definitions. */
const mostCharacters = 20_000_000;
/** Milliseconds of reading after which everything else has its turn. */
const readingTurn = 5;

const isDestructive = (annotations: unknown): boolean =>
  !isObject(annotations) || (annotations.readOnlyHint !== true && annotations.destructiveHint !== false);

const readTool = (entry: Record<string, unknown>, name: string): OfferedTool => {
  if (name === "") throw new Error("it has no name");
  if (name.length > longestName) throw new Error(`its name has more than ${longestName} characters`);
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
    isDestructive: isDestructive(entry.annotations),
  };
};

/** Reads what a server lists, page by page. */
export interface ToolReader {
  readonly listing: ToolListing;
  /** Whether further pages would not be looked at. */
  readonly isFull: boolean;
  /** A long page is read in pieces, between which other work is done. */
  add(page: readonly unknown[]): Promise<void>;
}

/** Reads a list: one tool that is not usable costs the others nothing. */
export const createToolReader = (): ToolReader => {
  const listing: ToolListing = { tools: [], unusable: [] };
  const names = new Set<string>();
  let seen = 0;
  let size = 0;

  const read = (entry: unknown): void => {
    seen += 1;
    const name = isObject(entry) ? textOf(entry.name) : "";
    try {
      if (!isObject(entry)) throw new Error("it is not an object");
      if (names.has(name)) throw new Error("another tool of the server has its name");
      const tool = readTool(entry, name);
      size += tool.size;
      listing.tools.push(tool);
      names.add(name);
    } catch (error) {
      const tool = name.slice(0, longestName) || `number ${seen}`;
      listing.unusable.push({ tool, reason: asError(error).message });
    }
  };

  const isFull = () => seen >= mostTools || size >= mostCharacters;

  return {
    listing,
    get isFull() {
      return isFull();
    },
    async add(page) {
      let since = performance.now();
      for (const entry of page) {
        if (isFull()) {
          const reason = `a server may offer ${mostTools} tools of ${mostCharacters} characters in all`;
          listing.unusable.push({ tool: `number ${seen + 1} and all after it`, reason });
          return;
        }
        if (performance.now() - since > readingTurn) {
          await setImmediate();
          since = performance.now();
        }
        read(entry);
      }
    },
  };
};
