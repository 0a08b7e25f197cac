import { posix } from "node:path";
import {
  type ComponentFile,
  idOfFile,
  isSwitchedOff,
  readComponentFile,
  readComponentFolder,
} from "./component-files.ts";
import type { Data, SourceFile } from "./files.ts";
import { fillIn, type Loading } from "./loading.ts";
import { dottedPath, type Finding, type Path } from "./report.ts";
import { findingAt, type Place } from "./validate.ts";

/** A component that was checked; one with errors has no definition. */
export interface Checked<Definition> {
  definition?: Definition;
  errors: Finding[];
  warnings: Finding[];
}

/** A kind of component that the manifest declares (contract/formation.md 1.3). */
export interface Kind<Definition> {
  /** What a message calls one. */
  noun: string;
  /** Where its files are; the first folder that exists wins. */
  folders: readonly string[];
  /** Where the manifest declares it. */
  path: Path;
  /** @param written The component before references were filled in. */
  check(data: Data, place: Place, written: unknown): Checked<Definition>;
}

/** What the manifest says about one kind of component. */
export interface Declaration {
  /** The manifest, with references filled in. */
  source: SourceFile;
  entries: readonly (string | Data)[];
  /** The same entries as written. */
  written: unknown;
  /** False for a flattened formation, whose components are all inline. */
  hasFolders: boolean;
}

/** A component that can be used, and where it stands. */
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
  loading: Loading,
  kind: Kind<Definition>,
  file: ComponentFile,
): Checked<Definition> => {
  if ("problem" in file) return { errors: [file.problem], warnings: [] };
  const filled = fillIn(loading, file.source);
  const place = { source: filled, base: [] };
  const data = { ...filled.data, id: filled.data.id ?? idOfFile(file.file) };
  const checked = kind.check(data, place, file.source.data);
  if (file.source.data.schema !== undefined) return checked;
  const missing = findingAt(place, ["schema"], "is missing", 'Add: schema: "1.0.0"');
  return { ...checked, warnings: [...checked.warnings, missing] };
};

const isActive = (file: ComponentFile): boolean => !("source" in file) || !isSwitchedOff(file.source.data);

/** Switched-off files do not count: one may stand beside its replacement. */
const duplicateIds = (files: readonly ComponentFile[], noun: string): Finding[] =>
  files.flatMap((file, index) => {
    const first = files.slice(0, index).find(({ id }) => id === file.id);
    if (!first || "problem" in first || "problem" in file) return [];
    const message = `is ${file.id}, as in ${first.file}: every ${noun} needs an id of its own`;
    return [findingAt({ source: file.source, base: [] }, ["id"], message)];
  });

/** Without a list in the manifest every file counts, and a broken one is left out with a warning. */
const loadFound = <Definition extends Identified>(
  loading: Loading,
  kind: Kind<Definition>,
  { source }: Declaration,
  files: readonly ComponentFile[],
): Loaded<Definition>[] => {
  const { warnings, suggestions } = loading.report;
  const loaded = files.filter(isActive).flatMap((file) => {
    const checked = checkFile(loading, kind, file);
    const hint = `This ${kind.noun} is left out until its file is put right`;
    warnings.push(...checked.errors.map((error) => ({ ...error, hint })), ...checked.warnings);
    return checked.definition ? [{ definition: checked.definition, place: placeOfFile(file, source) }] : [];
  });
  if (loaded.length > 0) {
    const message = `names no ${kind.noun}, so every file in ${kind.folders.join("/ or ")}/ is loaded`;
    const hint = `${kind.path.at(-1)}: [${loaded.map(({ definition }) => definition.id).join(", ")}]`;
    suggestions.push(findingAt({ source, base: [] }, kind.path, message, hint));
  }
  return loaded;
};

/** The file that an entry of the form `- file: agents/x.yaml` or `- $include: agents/x.afs` names. */
const includedFile = (entry: Data): string | undefined => {
  const file = entry.$include ?? entry.file;
  return typeof file === "string" ? posix.normalize(file) : undefined;
};

const loadDeclared = async <Definition extends Identified>(
  loading: Loading,
  kind: Kind<Definition>,
  { source, entries, written }: Declaration,
  files: readonly ComponentFile[],
): Promise<Loaded<Definition>[]> => {
  const { errors, warnings } = loading.report;
  const loaded: Loaded<Definition>[] = [];
  const placeOf = new Map<string, string>();
  const used = new Set<string>();

  const add = (checked: Checked<Definition>, place: Place) => {
    errors.push(...checked.errors);
    warnings.push(...checked.warnings);
    const { definition } = checked;
    if (!definition) return;
    const earlier = placeOf.get(definition.id);
    const where =
      place.base.length === 0 ? place.source.file : `${place.source.file} (${dottedPath(place.base)})`;
    if (earlier === where) {
      warnings.push(findingAt(place, [], `declares ${definition.id} more than once`));
    } else if (earlier !== undefined) {
      const message = `is ${definition.id}, as in ${earlier}: every ${kind.noun} needs an id of its own`;
      errors.push(findingAt(place, ["id"], message));
    } else {
      placeOf.set(definition.id, where);
      loaded.push({ definition, place });
    }
  };

  const addFile = (file: ComponentFile) => {
    used.add(file.file);
    if (!isActive(file)) return;
    add(checkFile(loading, kind, file), placeOfFile(file, source));
  };

  for (const [index, entry] of entries.entries()) {
    const base = [...kind.path, index];
    if (typeof entry === "string") {
      const named = files.filter(({ id }) => id === entry);
      const file = named.find(isActive) ?? named[0];
      if (file) addFile(file);
      else {
        const ids = [...new Set(files.map(({ id }) => id))].join(", ") || "none";
        const message = `names the ${kind.noun} ${entry}, which does not exist`;
        errors.push(findingAt({ source, base }, [], message, `Available: ${ids}`));
      }
      continue;
    }
    const included = includedFile(entry);
    if (included !== undefined) addFile(await readComponentFile(loading.dir, included));
    else if (!isSwitchedOff(entry)) {
      const original = Array.isArray(written) ? written[index] : undefined;
      add(kind.check(entry, { source, base }, original), { source, base });
    }
  }
  for (const file of files) {
    if ("problem" in file && !used.has(file.file)) warnings.push(file.problem);
  }
  return loaded;
};

/**
 * Reads and checks the components of one kind: those that the manifest declares or, when it declares none, all
 * that the folder holds.
 */
export const loadComponents = async <Definition extends Identified>(
  loading: Loading,
  kind: Kind<Definition>,
  declaration: Declaration,
): Promise<Loaded<Definition>[]> => {
  const files = declaration.hasFolders ? await readComponentFolder(loading.dir, kind.folders) : [];
  loading.report.errors.push(...duplicateIds(files.filter(isActive), kind.noun));
  return declaration.entries.length > 0
    ? loadDeclared(loading, kind, declaration, files)
    : loadFound(loading, kind, declaration, files);
};
