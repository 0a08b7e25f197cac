import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { decodeText } from "@muxi/documents";
import { isMap, isScalar, isSeq, parseDocument, type YAMLMap } from "yaml";
import type { Path } from "./base/index.ts";
import { dropRepeatedKeys, findManifest, writeAtomically } from "./base/index.ts";

/** A manifest's text with the places of its fields. */
interface ManifestText {
  text: string;
  root: YAMLMap;
}

/**
 * Changes a manifest as text, so that comments, quotes and order stay as they were written.
 *
 * @param edit Returns the new text, or undefined to leave the file as it is.
 */
const editManifest = async (
  dir: string,
  edit: (manifest: ManifestText) => string | undefined,
): Promise<void> => {
  const name = await findManifest(dir);
  if (name === undefined) throw new Error(`${dir} contains no formation.afs`);
  const file = join(dir, name);
  const text = decodeText(await readFile(file));
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false });
  dropRepeatedKeys(document);
  const { contents, errors } = document;
  const [error] = errors;
  if (error) throw new Error(`${file} is not valid YAML: ${error.message}`);
  if (!isMap(contents) || contents.flow) throw new Error(`${file} must be a mapping with one field per line`);
  const changed = edit({ text, root: contents });
  if (changed !== undefined) await writeAtomically(file, changed, (await stat(file)).mode & 0o777);
};

const endOfLine = (text: string, from: number): number => {
  const end = text.indexOf("\n", from);
  return end === -1 ? text.length : end + 1;
};

const insertLine = (text: string, at: number, line: string): string => {
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const before = text.slice(0, at);
  return `${before}${before === "" || before.endsWith("\n") ? "" : newline}${line}${newline}${text.slice(at)}`;
};

/** Where a new `version` line goes: below `id`, else below `schema`, else first. */
const placeForVersion = ({ text, root }: ManifestText): number => {
  for (const name of ["id", "schema"]) {
    const node = root.get(name, true);
    if (node?.range) return endOfLine(text, node.range[1]);
  }
  return 0;
};

/** Sets the `version` of a formation's manifest and changes nothing else in it (docs/spec/cli.md "muxi bump"). */
export const setManifestVersion = (dir: string, version: string): Promise<void> =>
  editManifest(dir, (manifest) => {
    const { text, root } = manifest;
    const node = root.get("version", true);
    if (!node?.range) return insertLine(text, placeForVersion(manifest), `version: "${version}"`);
    const [start, end] = node.range;
    const space = start === end ? " " : ""; // `version:` with nothing after it.
    return `${text.slice(0, start)}${space}"${version}"${text.slice(end)}`;
  });

/**
 * Adds a component to a list of the manifest. Without a list, or with an empty one, every file is loaded anyway and
 * the manifest stays as it is (docs/spec/formation-files.md "Declared and found components").
 */
export const declareComponent = (dir: string, path: Path, id: string): Promise<void> =>
  editManifest(dir, ({ text, root }) => {
    const list = root.getIn(path, true);
    if (!isSeq(list)) return undefined;
    const last = list.items.at(-1);
    const declared = list.items.some((item) => isScalar(item) && item.value === id);
    if (declared || !(isScalar(last) || isMap(last)) || !last.range) return undefined;
    const [start, end] = last.range;
    if (list.flow) return `${text.slice(0, end)}, ${id}${text.slice(end)}`;
    const dash = text.lastIndexOf("-", start - 1);
    const indent = text.slice(text.lastIndexOf("\n", dash) + 1, dash);
    return insertLine(text, endOfLine(text, end - 1), `${indent}- ${id}`);
  });
