import { closest } from "./did-you-mean.ts";

/** A placeholder that stays as it is written, though its author most likely meant it to be filled in. */
export interface OddPlaceholder {
  /** In the text, in characters. */
  offset: number;
  message: string;
  hint: string;
}

/** What `${{ … }}` may begin with in one kind of text, and with what else it begins in others. */
export interface PlaceholderKind {
  /** For example `secrets`, of `${{ secrets.NAME }}`; empty where nothing is filled in. */
  sources: readonly string[];
  /** What a placeholder looks like there. */
  example: string;
}

const componentSources = ["secrets", "env", "user.credentials"];
const allSources = [...componentSources, "data"];

/** Manifest and components (docs/spec/formation-files.md "Filling in references"). */
export const componentPlaceholders: PlaceholderKind = {
  sources: componentSources,
  example: "${{ secrets.NAME }}",
};

/** Triggers (docs/spec/formation-files.md "Filling in a trigger"). */
export const triggerPlaceholders: PlaceholderKind = { sources: ["data"], example: "${{ data.name }}" };

/** Procedures and souls, which are used word for word. */
export const noPlaceholders: PlaceholderKind = { sources: [], example: "" };

const sourceNames = allSources.map((source) => source.replace(".", "\\.")).join("|");

/** `${{ … }}` with what is inside, or the beginning of one that is never closed. */
const placeholder = /\$\{\{(?:([^{}]*)\}\})?/g;

/** `{{ secrets.NAME }}` and `${ secrets.NAME }`. */
const lookalike = new RegExp(
  `(?<!\\$)\\{\\{\\s*(?:${sourceNames})\\.[\\w.-]+\\s*\\}\\}|\\$\\{\\s*(?:${sourceNames})\\.[\\w.-]+\\s*\\}`,
  "g",
);

/** A text that is nothing but `${NAME}` or `$NAME`, as shells write it. */
const shellVariable = /^\s*\$(?:\{[A-Z][A-Z0-9_]*\}|[A-Z][A-Z0-9_]*)\s*$/;

const unclosed = "has a ${{ that no }} closes, so it stays as it is written";

/** The kind of text that is meant, of `secrets.NAME` or of a misspelt `secret.NAME`. */
const judge = (
  inner: string,
  { sources, example }: PlaceholderKind,
): Omit<OddPlaceholder, "offset"> | undefined => {
  const isOf = (source: string) => inner.startsWith(`${source}.`) && inner.length > source.length + 1;
  if (sources.some(isOf)) {
    const isPath = /^data\.[A-Za-z0-9_.]+$/.test(inner);
    if (!inner.startsWith("data.") || isPath) return undefined;
    const message = "has a placeholder that stays as it is written";
    return { message, hint: "A path after data. has letters, digits, _ and dots" };
  }
  const foreign = allSources.find(isOf);
  if (foreign !== undefined) {
    const hint = example === "" ? "Write what is meant, without a placeholder" : `Only ${example} is`;
    return { message: `has \${{ ${foreign}.… }}, which is not filled in here`, hint };
  }
  if (sources.length === 0) return undefined;
  // Quoted only where it names something: an author may have put the secret itself in between.
  const parts = /^[\w.-]+$/.test(inner) ? inner.split(".") : [];
  const [written, name, meant] =
    [1, 2]
      .map((count) => [parts.slice(0, count).join("."), parts.slice(count).join(".")] as const)
      .map(([source, rest]) => [source, rest, closest(source, sources)] as const)
      .find(([, rest, close]) => rest !== "" && close !== undefined) ?? [];
  if (meant === undefined) {
    const message = "has a ${{ … }} that refers to nothing, so it stays as it is written";
    return { message, hint: `Write it as ${example}` };
  }
  const message = `has \${{ ${written}.${name} }}, which refers to nothing, so it stays as it is written`;
  return { message, hint: `Did you mean \${{ ${meant}.${name} }}?` };
};

/** Of one text: its author sees by the first ones what to look for. */
const mostOdd = 10;

/** The first placeholders of a text that are not filled in. */
export const oddPlaceholders = (text: string, kind: PlaceholderKind): OddPlaceholder[] => {
  const odd: OddPlaceholder[] = [];
  for (const { index: offset, 1: inner } of text.matchAll(placeholder)) {
    if (odd.length === mostOdd) return odd;
    if (inner !== undefined) {
      const found = judge(inner.trim(), kind);
      if (found) odd.push({ offset, ...found });
    } else if (kind.sources.length > 0) {
      odd.push({ offset, message: unclosed, hint: `Write it as ${kind.example}` });
    }
  }
  if (kind.sources.length === 0) return odd;
  const message = "has a placeholder in a form that is not filled in";
  const hint = `Write it as ${kind.example}`;
  for (const { index: offset } of text.matchAll(lookalike)) {
    if (odd.length === mostOdd) return odd;
    odd.push({ offset, message, hint });
  }
  if (kind === componentPlaceholders && shellVariable.test(text)) odd.push({ offset: 0, message, hint });
  return odd;
};
