import { isObject } from "@muxi/protocol";
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLMap,
} from "yaml";
import type { Finding, Path } from "./report.ts";
import { explainSyntax } from "./yaml-errors.ts";

export type Mapping = Record<string, unknown>;

/** A YAML or JSON file of a formation and its content. */
export interface SourceFile {
  /** Relative to the formation folder, with forward slashes. */
  file: string;
  /** The content as written. A key without a value is left out, so that it counts as absent. */
  data: Mapping;
  /** Line of a field, or of the closest parent that exists. */
  lineOf(path: Path): number | undefined;
  /** What is odd about the file and does not keep it from being read. */
  warnings: readonly Finding[];
}

/** The file, or why it cannot be read. */
export type ReadResult = { source: SourceFile } | { problem: Finding };

/** Deeper than any real file. It also ends the walk over an alias that contains itself. */
const maxDepth = 64;

/** Most that are told of one file, since more of them say the same. */
const mostWarnings = 50;

const withoutNulls = (value: unknown, depth = 0): unknown => {
  if (depth > maxDepth) throw new RangeError(`nested deeper than ${maxDepth} levels`);
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item, depth + 1));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([key, item]) => [key, withoutNulls(item, depth + 1)]),
  );
};

type LineAt = (node: unknown) => number | undefined;

/** A key that a mapping has twice. */
interface RepeatedKey {
  name: string;
  earlier: Pair;
  later: Pair;
}

/** Takes all but the last of the keys that a mapping repeats out of a document. */
export const dropRepeatedKeys = (document: Document): RepeatedKey[] => {
  const repeated: RepeatedKey[] = [];
  visit(document, {
    Map(_, map) {
      const seen = new Map<string, Pair>();
      const dropped = new Set<Pair>();
      for (const pair of map.items) {
        if (!isScalar(pair.key) || pair.key.value === "<<") continue;
        const name = String(pair.key.value);
        const earlier = seen.get(name);
        seen.set(name, pair);
        if (!earlier) continue;
        repeated.push({ name, earlier, later: pair });
        dropped.add(earlier);
      }
      map.items = map.items.filter((pair) => !dropped.has(pair));
    },
  });
  return repeated;
};

const repeatedKeyFinding = ({ name, earlier, later }: RepeatedKey, file: string, lineAt: LineAt): Finding => {
  const [first, second] = [lineAt(earlier.key), lineAt(later.key)];
  const message = `the key ${name} stands on line ${first} and on line ${second}: the last one counts`;
  return {
    file,
    path: "",
    message,
    hint: "Remove one of them",
    ...(second !== undefined && { line: second }),
  };
};

/** What YAML reads as something else than text, where an author most likely meant text. */
const misreadText = (document: Document, file: string, lineAt: LineAt): Finding[] => {
  const warnings: Finding[] = [];
  const warn = (node: unknown, message: string) => {
    const line = lineAt(node);
    warnings.push({
      file,
      path: "",
      message,
      hint: "Put the whole value in quotes",
      ...(line !== undefined && { line }),
    });
  };
  visit(document, {
    Pair(_, { key }) {
      if (!isNode(key) || isScalar(key) || isAlias(key)) return;
      warn(key, "a value that begins with { is read as a mapping, not as text");
    },
    Node(_, node) {
      if (!("tag" in node) || typeof node.tag !== "string" || !node.tag.startsWith("!")) return;
      warn(node, "a word that begins with ! is read as a tag and ignored");
    },
  });
  return warnings;
};

/** The first alias without an anchor before it. */
const danglingAlias = (document: Document): Node | undefined => {
  const anchors = new Set<string>();
  let found: Node | undefined;
  visit(document, {
    Node(_, node) {
      if (isAlias(node) && !anchors.has(node.source)) {
        found = node;
        return visit.BREAK;
      }
      if ("anchor" in node && node.anchor !== undefined) anchors.add(node.anchor);
      return undefined;
    },
  });
  return found;
};

type Fields = ReadonlyMap<string, Pair>;

/** Looks up nodes by path. The fields of a mapping are listed once: a file may have thousands of findings. */
const createLookup = (document: Document) => {
  const listed = new WeakMap<YAMLMap, Fields>();
  const fieldsOf = (map: YAMLMap): Fields => {
    const known = listed.get(map);
    if (known) return known;
    const fields = new Map(
      map.items.flatMap((pair) => (isScalar(pair.key) ? [[String(pair.key.value), pair] as const] : [])),
    );
    listed.set(map, fields);
    return fields;
  };
  const childOf = (parent: unknown, part: string | number): unknown => {
    if (isMap(parent)) return fieldsOf(parent).get(String(part))?.value;
    return isSeq(parent) ? parent.items[Number(part)] : undefined;
  };
  /** The node that shows where a field is: its key, or the entry of a list. */
  return (path: Path): unknown => {
    const parent = path.slice(0, -1).reduce<unknown>(childOf, document.contents);
    const last = path.at(-1) ?? "";
    return isMap(parent) ? fieldsOf(parent).get(String(last))?.key : childOf(parent, last);
  };
};

/** How the library begins to say that `<<` does not name a mapping. */
const mergeFault = "Merge sources";

/**
 * Reads the text of a YAML or JSON file.
 *
 * @param linesBefore Lines of the file before the text, when the text is a part of it.
 */
export const parseSource = (file: string, text: string, linesBefore = 0): ReadResult => {
  const lines = new LineCounter();
  // prettyErrors would quote the line, which may hold a secret, and so would warnings of the process.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: "error",
    merge: true,
    uniqueKeys: false,
  });
  const lineAt: LineAt = (node) =>
    isNode(node) && node.range ? lines.linePos(node.range[0]).line + linesBefore : undefined;
  const refuse = (message: string, hint: string | undefined, line: number | undefined): ReadResult => ({
    problem: {
      file,
      path: "",
      message,
      ...(hint !== undefined && { hint }),
      ...(line !== undefined && { line }),
    },
  });

  const fault = explainSyntax(document, text);
  if (fault) {
    const { line, col } = lines.linePos(fault.offset);
    const at = line + linesBefore;
    return refuse(`is not valid YAML at line ${at}, column ${col}: ${fault.message}`, fault.hint, at);
  }
  const warnings = [
    ...dropRepeatedKeys(document).map((repeated) => repeatedKeyFinding(repeated, file, lineAt)),
    ...misreadText(document, file, lineAt),
  ].slice(0, mostWarnings);
  let data: unknown;
  try {
    data = withoutNulls(document.toJS());
  } catch (error) {
    if (error instanceof Error && error.message.startsWith(mergeFault)) {
      return refuse("has a << that merges something else than mappings", "Write <<: *name", undefined);
    }
    // Too many aliases, an alias without its anchor, or nesting without end.
    if (!(error instanceof ReferenceError || error instanceof RangeError)) throw error;
    const alias = danglingAlias(document);
    const hint = alias && "If a value is to begin with *, put it in quotes";
    return refuse(`cannot be read: ${error.message}`, hint, lineAt(alias));
  }
  if (!isObject(data)) {
    const hint = 'Write each field as "name: value", with a blank after the colon';
    return refuse("must be a mapping of fields", hint, lineAt(document.contents));
  }
  const nodeAt = createLookup(document);
  const lineOf = (path: Path): number | undefined => {
    for (let length = path.length; length > 0; length--) {
      const line = lineAt(nodeAt(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return undefined;
  };
  return { source: { file, data, lineOf, warnings } };
};
