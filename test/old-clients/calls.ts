import { readFileSync } from "node:fs";
import path from "node:path";

/** Published SDKs whose requests are tested. */
export const sdks = ["python", "typescript", "ruby", "go", "rust", "cpp"] as const;
/** `first` are the first releases for Python and TypeScript, whose formation clients had other paths. */
export type Sdk = (typeof sdks)[number] | "first";

/** A row: what a method of a client sends, and what must come back. */
export interface OldCall {
  method: string;
  sdks: string;
  key: string;
  /** `METHOD path`, and `as <user>` where a header names the user. */
  request: string;
  body: string;
  answer: string;
}

/** The rows of a page that an SDK sends. */
export const callsOf = (page: string, sdk: Sdk): OldCall[] =>
  readFileSync(path.join(import.meta.dirname, page), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .slice(2)
    .map((line) => {
      const cells = line.replace(/^\| | ?\|$/g, "").split(/ ?\| /);
      const [method = "", by = "", key = "", request = "", body = "", answer = ""] = cells;
      return { method, sdks: by, key, request, body, answer };
    })
    .filter((call) => call.sdks === "all" || call.sdks.split(" ").includes(sdk));

/** How many methods the rows are of: what follows a comma says in which case. */
export const countMethods = (calls: readonly OldCall[]): number =>
  new Set(calls.map(({ method }) => method.split(",")[0])).size;

/** Headers that each SDK, and the HTTP library below it, adds to a call. */
export const headersOf = (sdk: Sdk, { isStream, hasBody }: { isStream: boolean; hasBody: boolean }) => {
  const isExplicit = sdk === "ruby" || sdk === "rust" || sdk === "cpp";
  const accepted = isStream ? "text/event-stream" : isExplicit ? "application/json" : "*/*";
  return {
    "X-Muxi-SDK": `${sdk}/0.20260101.0`,
    "X-Muxi-Client": isExplicit ? `${sdk}/0.20260101.0` : "linux-x64",
    "X-Muxi-Idempotency-Key": crypto.randomUUID(),
    // Rust adds the one to the other.
    Accept: isStream && sdk === "rust" ? `application/json, ${accepted}` : accepted,
    ...(hasBody && { "Content-Type": "application/json" }),
  };
};

/** What earlier answers had, by the names that stand for it. */
export type Known = Map<string, string>;

/** Puts what is known in place of its names. */
export const fill = (text: string, known: Known): string =>
  text.replaceAll(/\{(\w+)\}/g, (all, name: string) => known.get(name) ?? all);

export interface Expected {
  status: number;
  /** What must be in the answer. */
  content: object;
  /** An event stream that ends, or goes on. */
  stream: "stream" | "endless" | undefined;
  /** The event that ends a stream. */
  end: string | undefined;
  /** What must be in an answer that is a text. */
  text: string | undefined;
  /** Names, and the fields of the answer that they stand for from now on. */
  keeps: readonly (readonly [name: string, field: string])[];
}

const pairOf = (text: string): readonly [string, string] => {
  const [name = "", field = ""] = text.split("=");
  return [name, field];
};

/** Reads `202 {"status":"processing"} job=id`, `stream done`, `endless` or `text pong`. */
export const expectedOf = (answer: string): Expected => {
  const [, status, content, keeps] = /^(\d{3})? ?(\{.*\})?((?: \w+=\w+)*)$/.exec(answer) ?? [];
  const [, kind, rest] = /^(stream|endless|text) ?(.*)$/.exec(answer) ?? [];
  return {
    status: Number(status ?? 200),
    content: JSON.parse(content ?? "{}"),
    stream: kind === "stream" || kind === "endless" ? kind : undefined,
    end: kind === "stream" ? rest : undefined,
    text: kind === "text" ? rest : undefined,
    keeps: keeps?.trim() ? keeps.trim().split(" ").map(pairOf) : [],
  };
};
