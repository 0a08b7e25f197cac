/**
 * What a page that only chats loads, by parts, for `docs/decisions/sdk-weight.md`.
 *
 * `npm run weight -w muxi-client [-- --write]`
 */
import { SourceMap } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { formatNumber, tableRow, writeFigures } from "../../../bench/page.ts";
import { type Bundle, bundle } from "../test/bundle.ts";

/** The files of each part, below `src/`. */
const parts: Record<string, RegExp> = {
  "Errors: their classes, and which of them a status or a code is": /^errors\//,
  "Options, addresses, keys and users, each checked":
    /^http\/(arguments|limits|transport|platform)|^formation\/(config|caller)/,
  "Calls: one deadline, repeats, hooks, request ids": /^http\/(send|lifetime|retry|hooks|ids|version)/,
  "Answers: bodies up to a limit, envelopes, failures": /^http\/(body|failure|unwrap|objects)/,
  "Event streams: frames, silence, order, resuming":
    /^stream\/(sse|connection|event-stream|queue|resumption|source)/,
  "Events of a chat, of this server and of others": /^stream\/(chat-events|decode)/,
  "Chats: asking, following, stopping; `final()`, `toResponse()`":
    /^stream\/(chat-stream|response)|^formation\/(chats|chat-client)/,
};

const partOf = (file: string): string => {
  const [name] = Object.entries(parts).find(([, files]) => files.test(file)) ?? [];
  if (name === undefined) throw new Error(`${file} belongs to no part: add it to one in bench/weight.ts`);
  return name;
};

const gzipped = (code: string): number => gzipSync(code, { level: 9 }).length;

/** The part that each character of a bundle comes from. */
const originsOf = ({ code, map }: Bundle): (string | undefined)[] => {
  if (!map) throw new Error("the bundle has no source map");
  const { version, file, sources, sourcesContent, names, mappings } = map;
  const payload = { version, file: file ?? "", sources, names, mappings, sourceRoot: "" };
  const lookup = new SourceMap({ ...payload, sourcesContent: sourcesContent?.map(String) ?? [] });
  return code.split("\n").flatMap((line, row) =>
    Array.from(`${line}\n`, (_, column) => {
      const entry = lookup.findEntry(row, column);
      const path = "originalSource" in entry ? entry.originalSource : undefined;
      const found = /\/src\/(.*)$/.exec(path ?? "");
      return found?.[1] === undefined ? undefined : partOf(found[1]);
    }),
  );
};

const { values } = parseArgs({
  options: {
    write: { type: "boolean", default: false },
    date: { type: "string", default: new Date().toISOString().slice(0, 10) },
  },
});

const index = JSON.stringify(join(import.meta.dirname, "../src/index.ts"));
const [chat, formation, server] = await Promise.all(
  ["ChatClient", "FormationClient", "ServerClient"].map((name) => bundle(`export { ${name} } from ${index}`)),
);
if (!chat || !formation || !server) throw new Error("a client is missing");

const origins = originsOf(chat);
const characters = [...chat.code];
const rows = Object.keys(parts).map((part) => {
  const others = characters.filter((_, at) => origins[at] !== part).join("");
  return [part, chat.code.length - others.length, chat.weight - gzipped(others)] as const;
});

const row = (name: string, ...figures: number[]) => tableRow([name, ...figures.map(formatNumber)]);
const text = [
  `${values.date}; bytes.`,
  "",
  tableRow(["A page with `ChatClient`", "minified", "gzipped: saved without it"]),
  tableRow(["---", "---:", "---:"]),
  ...rows.sort(([, , one], [, , other]) => other - one).map(([name, ...figures]) => row(name, ...figures)),
  row("All of it", chat.code.length, chat.weight),
  "",
  tableRow(["A page with", "minified", "gzipped", "with brotli"]),
  tableRow(["---", "---:", "---:", "---:"]),
  ...Object.entries({ ChatClient: chat, FormationClient: formation, ServerClient: server }).map(
    ([name, { code, weight }]) => row(`\`${name}\``, code.length, weight, brotliCompressSync(code).length),
  ),
].join("\n");

process.stdout.write(`${text}\n`);
if (values.write) {
  const page = join(import.meta.dirname, "../../../docs/decisions/sdk-weight.md");
  writeFigures(page, "npm run weight -w muxi-client -- --write", `\n${text}`);
}
