import { posix } from "node:path";
import type { Mapping, SourceFile } from "./base/index.ts";
import { dottedPath, type Finding, type Path } from "./base/index.ts";
import {
  type ComponentFile,
  idOfFile,
  isSwitchedOff,
  readComponentFile,
  readComponentFolder,
} from "./component-files.ts";
import { fillInReferences, type LoadContext } from "./load-context.ts";
import { findingAt, type Place } from "./validate.ts";

/** What checking a component gave; there is no definition when there are errors. */
export interface Checked<Definition> {
  definition?: Definition;
  errors: Finding[];
  warnings: Finding[];
}

/** A kind of component that the manifest declares (docs/spec/formation-files.md "Declared and found components"). */
export interface DeclaredKind<Definition> {
  /** What messages call a component of this kind. */
  noun: string;
  /** Folders that may hold its files; the first one that exists is used. */
  folders: readonly string[];
  /** Path of the manifest's list. */
  path: Path;
  /** @param written The component before references were filled in. */
  check(data: Mapping, place: Place, written: unknown): Checked<Definition>;
}

/** The manifest's list of one kind of component. */
export interface Declaration {
  /** The manifest, with references filled in. */
  source: SourceFile;
  entries: readonly (string | Mapping)[];
  /** The same entries as written. */
  written: unknown;
  /** False for a flattened formation, whose components are all inline. */
  hasFolders: boolean;
}

/** A valid component, and where it is defined. */
export interface Loaded<Definition> {
  definition: Definition;
  place: Place;
}

interface Identified {
  id: string;
}

const placeOfFile = (file: ComponentFile, manifest: SourceFile): Place => ({
  source: "source" in file ? file.source : manifest,
  base: [],
});

const checkFile = <Definition>(
  loading: LoadContext,
  kind: DeclaredKind<Definition>,
  file: ComponentFile,
): Checked<Definition> => {
  if ("problem" in file) return { errors: [file.problem], warnings: [] };
  const filled = fillInReferences(loading, file.source);
  const place = { source: filled, base: [] };
  const data = { ...filled.data, id: filled.data.id ?? idOfFile(file.file) };
  const read = kind.check(data, place, file.source.data);
  const checked = { ...read, warnings: [...file.source.warnings, ...read.warnings] };
  if (file.source.data.schema !== undefined) return checked;
  const missing = findingAt(place, ["schema"], "is missing", 'Add: schema: "1.0.0"');
  return { ...checked, warnings: [...checked.warnings, missing] };
};

const isActive = (file: ComponentFile): boolean => !("source" in file) || !isSwitchedOff(file.source.data);

const describePlace = ({ source, base }: Place): string =>
  base.length === 0 ? source.file : `${source.file} (${dottedPath(base)})`;

const duplicateMessage = (id: string, where: string, { noun }: { noun: string }): string =>
  `${id} is already the id of ${where}: every ${noun} needs an id of its own`;

/** Switched-off files do not count: one may stand beside its replacement. */
const duplicateIds = (files: readonly ComponentFile[], kind: { noun: string }): Finding[] =>
  files.flatMap((file, index) => {
    const first = files.slice(0, index).find(({ id }) => id === file.id);
    if (!first || "problem" in first || "problem" in file) return [];
    const message = duplicateMessage(file.id, first.file, kind);
    return [findingAt({ source: file.source, base: [] }, ["id"], message, "Rename one of them")];
  });

/** Without a list in the manifest every file is loaded; a broken one is skipped with a warning. */
const loadFound = <Definition extends Identified>(
  loading: LoadContext,
  kind: DeclaredKind<Definition>,
  { source }: Declaration,
  files: readonly ComponentFile[],
): Loaded<Definition>[] => {
  const { warnings, suggestions } = loading.report;
  const loaded = files.filter(isActive).flatMap((file) => {
    const checked = checkFile(loading, kind, file);
    const consequence = `This ${kind.noun} is not loaded until its file is corrected`;
    const withConsequence = (error: Finding): Finding => ({
      ...error,
      hint: error.hint === undefined ? consequence : `${error.hint}\n${consequence}`,
    });
    warnings.push(...checked.errors.map(withConsequence), ...checked.warnings);
    return checked.definition ? [{ definition: checked.definition, place: placeOfFile(file, source) }] : [];
  });
  if (loaded.length > 0) {
    const message = `lists no ${kind.noun}, so every file in ${kind.folders.join("/ or ")}/ is loaded`;
    const hint = `${kind.path.at(-1)}: [${loaded.map(({ definition }) => definition.id).join(", ")}]`;
    suggestions.push(findingAt({ source, base: [] }, kind.path, message, hint));
  }
  return loaded;
};

/** The file that an entry of the form `- file: agents/x.yaml` or `- $include: agents/x.afs` names. */
const includedFile = (entry: string | Mapping): string | undefined => {
  const file = typeof entry === "string" ? undefined : (entry.$include ?? entry.file);
  return typeof file === "string" ? posix.normalize(file) : undefined;
};

interface Candidate<Definition> {
  checked: Checked<Definition>;
  place: Place;
}

/** The component that an entry of the manifest stands for; undefined when it is switched off. */
const candidateOf = async <Definition>(
  loading: LoadContext,
  kind: DeclaredKind<Definition>,
  { source, entries, written }: Declaration,
  files: readonly ComponentFile[],
  index: number,
): Promise<Candidate<Definition> | undefined> => {
  const entry = entries[index] ?? {};
  const place = { source, base: [...kind.path, index] };
  const ofFile = (file: ComponentFile) =>
    isActive(file)
      ? { checked: checkFile(loading, kind, file), place: placeOfFile(file, source) }
      : undefined;

  if (typeof entry === "string") {
    const named = files.filter(({ id }) => id === entry);
    const file = named.find(isActive) ?? named[0];
    if (file) return ofFile(file);
    const available = [...new Set(files.map(({ id }) => id))].join(", ") || "none";
    const message = `names the ${kind.noun} ${entry}, which does not exist`;
    return {
      checked: { errors: [findingAt(place, [], message, `Available: ${available}`)], warnings: [] },
      place,
    };
  }
  const included = includedFile(entry);
  if (included !== undefined) {
    const others = Object.keys(entry).filter((key) => key !== "file" && key !== "$include");
    loading.report.warnings.push(
      ...others.map((key) =>
        findingAt(place, [key], "has no effect beside a file", `Move it to ${included}`),
      ),
    );
    return ofFile(await readComponentFile(loading.dir, included));
  }
  if (isSwitchedOff(entry)) return undefined;
  return { checked: kind.check(entry, place, Array.isArray(written) ? written[index] : undefined), place };
};

/** Loads what the manifest lists and nothing else, in that order; every entry must be valid. */
const loadDeclared = async <Definition extends Identified>(
  loading: LoadContext,
  kind: DeclaredKind<Definition>,
  declaration: Declaration,
  files: readonly ComponentFile[],
): Promise<Loaded<Definition>[]> => {
  const { errors, warnings } = loading.report;
  const { entries } = declaration;
  const loaded = new Map<string, Loaded<Definition>>();
  for (const index of entries.keys()) {
    const candidate = await candidateOf(loading, kind, declaration, files, index);
    if (!candidate) continue;
    const { checked, place } = candidate;
    errors.push(...checked.errors);
    warnings.push(...checked.warnings);
    const { definition } = checked;
    if (!definition) continue;
    const earlier = loaded.get(definition.id);
    if (!earlier) loaded.set(definition.id, { definition, place });
    else if (describePlace(earlier.place) === describePlace(place)) {
      warnings.push(findingAt(place, [], "is declared more than once", "Remove one of the entries"));
    } else {
      errors.push(
        findingAt(
          place,
          ["id"],
          duplicateMessage(definition.id, describePlace(earlier.place), kind),
          "Rename one of them",
        ),
      );
    }
  }
  const isNamed = ({ id, file }: ComponentFile) =>
    entries.some((entry) => entry === id || includedFile(entry) === file);
  for (const file of files.filter((each) => !isNamed(each) && isActive(each))) {
    const message = `is not loaded: ${dottedPath(kind.path)} does not name ${file.id}`;
    const hint = `Add ${file.id} to it, or set active: false in the file`;
    warnings.push("problem" in file ? file.problem : { file: file.file, path: "", message, hint });
  }
  return [...loaded.values()];
};

/**
 * Reads and checks the components of one kind: those that the manifest lists or, when it lists none, all files of
 * the folder.
 */
export const loadComponents = async <Definition extends Identified>(
  loading: LoadContext,
  kind: DeclaredKind<Definition>,
  declaration: Declaration,
): Promise<Loaded<Definition>[]> => {
  const files = declaration.hasFolders ? await readComponentFolder(loading.dir, kind.folders) : [];
  loading.report.errors.push(...duplicateIds(files.filter(isActive), kind));
  return declaration.entries.length > 0
    ? loadDeclared(loading, kind, declaration, files)
    : loadFound(loading, kind, declaration, files);
};
