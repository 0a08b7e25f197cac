/** Path of a field from the root of a document: `["llm", "models", 0]`. */
export type Path = readonly (string | number)[];

/** Something that a formation's author should know. */
export interface Finding {
  /** Relative to the formation folder, with forward slashes. */
  file: string;
  /** Dotted path of the field; empty when the whole file is meant. */
  path: string;
  message: string;
  /** What to do about it. */
  hint?: string;
  /** Counted from 1. */
  line?: number;
}

/**
 * What loading a formation found, in three lists (docs/spec/formation-files.md "Validation report"). Only errors
 * prevent loading.
 */
export interface Report {
  errors: Finding[];
  warnings: Finding[];
  suggestions: Finding[];
}

export const emptyReport = (): Report => ({ errors: [], warnings: [], suggestions: [] });

/** `llm.models[0].text`; a key that is not a plain word is quoted. */
export const dottedPath = (path: Path): string =>
  path
    .map((part, index) => {
      if (typeof part === "number") return `[${part}]`;
      if (!/^[\w-]+$/.test(part)) return `[${JSON.stringify(part)}]`;
      return index === 0 ? part : `.${part}`;
    })
    .join("");

const findingLines = ({ file, path, message, hint, line }: Finding): string[] => {
  const place = line === undefined ? file : `${file}:${line}`;
  return [
    `  ${path === "" ? place : `${place} → ${path}`}`,
    ...message.split("\n").map((text) => `    ${text}`),
    ...(hint === undefined ? [] : hint.split("\n").map((text) => `    ${text}`)),
  ];
};

/**
 * The report as lines for a terminal, without colours (docs/spec/formation-files.md "Validation report"): a heading
 * for each list that holds something, then for each finding `<file>:<line> → <field>`, its message and its hint.
 * Empty when there is nothing to say.
 */
export const formatReport = (report: Report): string[] =>
  (
    [
      ["error", report.errors],
      ["warning", report.warnings],
      ["suggestion", report.suggestions],
    ] as const
  ).flatMap(([name, findings]) =>
    findings.length === 0
      ? []
      : [`Found ${findings.length} ${name}(s)`, ...findings.flatMap((finding) => findingLines(finding))],
  );

/** The errors of a report as lines for a terminal, under a heading: what `formatReport` gives for them alone. */
export const formatErrors = ({ errors }: Report): string[] => formatReport({ ...emptyReport(), errors });

/** A formation that cannot be loaded. The message names every file, field, problem and remedy. */
export class FormationError extends Error {
  override readonly name = "FormationError";
  readonly report: Report;

  constructor(path: string, report: Report) {
    super([`Formation at ${path} cannot be loaded`, ...formatErrors(report)].join("\n"));
    this.report = report;
  }
}
