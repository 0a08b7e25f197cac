import { readFileSync } from "node:fs";
import { cp, glob, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { createDocumentReader, type Document, formatOf, type ReadingLimits } from "@muxi/documents";
import { z } from "zod";
import { makeDocx } from "./make/docx.ts";
import { makePdf } from "./make/pdf.ts";

export const kinds = ["plain", "paraphrased"] as const;

const questionSchema = z.strictObject({
  id: z.string(),
  language: z.string(),
  kind: z.enum(kinds),
  question: z.string(),
  documents: z.array(z.string()).min(1),
  answer: z.string(),
});

/** A line of `questions.jsonl`; README.md says what its fields are. */
export type Question = z.infer<typeof questionSchema>;

export const readQuestions = (): Question[] =>
  readFileSync(path.join(import.meta.dirname, "questions.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => questionSchema.parse(JSON.parse(line)));

const stored = path.join(import.meta.dirname, "documents");

/** Formats that are made of Markdown, by the end of the source's name. */
const makers: readonly (readonly [string, (markdown: string) => Buffer | Promise<Buffer>])[] = [
  [".docx.md", makeDocx],
  [".pdf.md", makePdf],
];

/** Puts the documents of all formats into a folder and returns their names, as `language/NAME`. */
export const layOutDocuments = async (folder: string): Promise<string[]> => {
  const names: string[] = [];
  for await (const name of glob("*/*.*", { cwd: stored })) {
    const [end, make] = makers.find(([ending]) => name.endsWith(ending)) ?? [];
    const made = end === undefined ? name : name.slice(0, -".md".length);
    await mkdir(path.join(folder, path.dirname(made)), { recursive: true });
    if (make)
      await writeFile(path.join(folder, made), await make(await readFile(path.join(stored, name), "utf8")));
    else await cp(path.join(stored, name), path.join(folder, made));
    names.push(made);
  }
  return names.sort();
};

const limits: ReadingLimits = {
  milliseconds: 60_000,
  memory: 512 * 2 ** 20,
  unpacked: 64 * 2 ** 20,
  pages: 100,
  characters: 1_000_000,
  perceptions: 5,
};

/** Reads documents that were laid out in a folder, by their names. */
export const readDocuments = async (
  folder: string,
  names: readonly string[],
): Promise<Map<string, Document>> => {
  const reader = createDocumentReader(limits);
  const documents = new Map<string, Document>();
  try {
    for (const name of names) {
      const format = formatOf(name);
      if (!format) throw new Error(`${name} has no format`);
      const reading = await reader.read({ file: path.join(folder, name), name, format });
      if ("failure" in reading) throw new Error(`${name} is not read: ${reading.failure.reason}`);
      documents.set(name, reading.document);
    }
  } finally {
    await reader.close();
  }
  return documents;
};
