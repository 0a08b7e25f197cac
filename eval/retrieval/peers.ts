import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { type Document, markdownOf, passagesOf } from "@muxi/documents";
import type { Way } from "./measure.ts";
import { mostPassages } from "./words.ts";

const folder = path.join(import.meta.dirname, "peers");

export const installPeers = (): void => {
  execFileSync("npm", ["ci", "--ignore-scripts", "--prefix", folder], { stdio: "inherit" });
};

interface PeerModule {
  openPeers(
    documents: readonly { name: string; markdown: string }[],
    passages: readonly { source: string; language: string; text: string }[],
    most: number,
  ): Promise<Way[]>;
}

/** As the settings of a formation are by default. */
const settings = { strategy: "adaptive", size: 1000, overlap: 100 } as const;

/** The passages of documents in the form in which they are searched. */
const searchedPassages = (documents: ReadonlyMap<string, Document>) =>
  [...documents].flatMap(([source, document]) =>
    Array.from(passagesOf(document, settings), ({ title = "", headings, text }) => ({
      source,
      language: path.dirname(source),
      text: [title, ...headings.slice(0, -1), text].join("\n"),
    })),
  );

/** The searches of other packages over the same documents, or none of them before they are installed. */
export const openPeers = async (documents: ReadonlyMap<string, Document>): Promise<Way[]> => {
  if (!existsSync(path.join(folder, "node_modules"))) return [];
  const { openPeers: open }: PeerModule = await import(pathToFileURL(path.join(folder, "ways.js")).href);
  const texts = [...documents].map(([name, document]) => ({ name, markdown: markdownOf(document) }));
  return open(texts, searchedPassages(documents), mostPassages);
};
