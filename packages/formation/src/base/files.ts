import { readFile, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { isObject } from "@muxi/protocol";
import {
  type Document,
  isNode,
  isScalar,
  LineCounter,
  type Pair,
  parseDocument,
  visit,
  type YAMLParseError,
} from "yaml";
import type { Finding, Path } from "./report.ts";
import { isMissing, systemCode } from "./system-error.ts";
import { decodeText } from "./text.ts";

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

const maxFileBytes = 5 * 1024 * 1024;
/** Deeper than any real file. It also ends the walk over an alias that contains itself. */
const maxDepth = 64;

/**
 * The real path of a file of the formation. Undefined when it is missing, or when a symbolic link leads out of the
 * folder: what is outside would not be in the bundle.
 */
export const resolveInside = async (dir: string, file: string): Promise<string | undefined> => {
  try {
    const [root, target] = await Promise.all([realpath(dir), realpath(join(dir, file))]);
    return target === root || target.startsWith(root.endsWith(sep) ? root : root + sep) ? target : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

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

/** The text of a file inside the formation folder, its lines ended by `\n` alone, or why it cannot be read. */
export const readTextInside = async (
  dir: string,
  file: string,
): Promise<{ text: string } | { problem: Finding }> => {
  const problem = (message: string) => ({ problem: { file, path: "", message } });
  try {
    const path = await resolveInside(dir, file);
    if (path === undefined) {
      return problem("does not exist, or is a link to something outside the formation folder");
    }
    const info = await stat(path);
    if (!info.isFile()) return problem("is not a file");
    if (info.size > maxFileBytes) return problem(`is larger than ${maxFileBytes / 1024 / 1024} MB`);
    return { text: decodeText(await readFile(path)).replaceAll("\r\n", "\n") };
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    return problem(`cannot be read (${code})`);
  }
};

/**
 * Reads a component or a manifest: YAML 1.2, of which JSON is a part.
 *
 * @param file Relative to `dir`.
 */
export const readSource = async (dir: string, file: string): Promise<ReadResult> => {
  const read = await readTextInside(dir, file);
  return "problem" in read ? read : parseSource(file, read.text);
};

/** The parser's message without the part of the file that some messages quote. */
const syntaxText = ({ code, message }: YAMLParseError): string =>
  code === "MULTIPLE_DOCS" ? "it contains more than one document" : message.replace(/: ".*$/s, "");

/** Of a key that a mapping repeats, the last value counts; the others are taken out, each with a warning. */
const dropRepeatedKeys = (document: Document, file: string, lines: LineCounter): Finding[] => {
  const warnings: Finding[] = [];
  visit(document, {
    Map(_, map) {
      const last = new Map<string, Pair>();
      const earlier = new Set<Pair>();
      for (const pair of map.items) {
        if (!isScalar(pair.key) || pair.key.value === "<<") continue;
        const name = String(pair.key.value);
        const repeated = last.get(name);
        last.set(name, pair);
        if (!repeated) continue;
        earlier.add(repeated);
        const [first, second] = [repeated, pair].map(({ key }) =>
          isNode(key) && key.range ? lines.linePos(key.range[0]).line : undefined,
        );
        const message = `the key ${name} stands on line ${first} and on line ${second}: the last one counts`;
        const hint = "Remove one of them";
        warnings.push({ file, path: "", message, hint, ...(second !== undefined && { line: second }) });
      }
      map.items = map.items.filter((pair) => !earlier.has(pair));
    },
  });
  return warnings;
};

const parseSource = (file: string, text: string): ReadResult => {
  const lines = new LineCounter();
  // prettyErrors would quote the line, which may hold a secret.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    uniqueKeys: false,
  });
  const syntaxError = document.errors[0];
  if (syntaxError !== undefined) {
    const { line, col } = lines.linePos(syntaxError.pos[0]);
    const message = `is not valid YAML at line ${line}, column ${col}: ${syntaxText(syntaxError)}`;
    return { problem: { file, path: "", message, line } };
  }
  const warnings = dropRepeatedKeys(document, file, lines);
  let data: unknown;
  try {
    data = withoutNulls(document.toJS());
  } catch (error) {
    // Too many aliases, an alias without its anchor, or nesting without end.
    if (!(error instanceof ReferenceError || error instanceof RangeError)) throw error;
    return { problem: { file, path: "", message: `cannot be read: ${error.message}` } };
  }
  if (!isObject(data)) {
    return {
      problem: { file, path: "", message: "must be a mapping of fields", hint: "For example: id: my-id" },
    };
  }
  const lineOf = (path: Path): number | undefined => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return undefined;
  };
  return { source: { file, data, lineOf, warnings } };
};
