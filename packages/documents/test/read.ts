import path from "node:path";
import { afterAll } from "vitest";
import {
  createDocumentReader,
  type Document,
  formatOf,
  type ReadingLimits,
  type Understanding,
} from "../src/index.ts";

const megabyte = 2 ** 20;

/** What a document of the tests may take. */
export const limits: ReadingLimits = {
  milliseconds: 30_000,
  memory: 512 * megabyte,
  unpacked: 64 * megabyte,
  pages: 100,
  characters: 1_000_000,
  perceptions: 5,
};

/** A file of the folder `fixtures`, by its name. */
export const fixture = (name: string): string => path.join(import.meta.dirname, "fixtures", name);

const formatFor = (name: string) => {
  const format = formatOf(name);
  if (!format) throw new Error(`${name} has no format`);
  return format;
};

/** Reads with one reader, as a formation reads its knowledge; the reader is closed after the file's tests. */
export const createReading = (own: Partial<ReadingLimits> = {}, understanding: Understanding = {}) => {
  const reader = createDocumentReader({ ...limits, ...own }, understanding);
  afterAll(() => reader.close());

  const read = (name: string, content?: string | Uint8Array) =>
    reader.read({
      file: content === undefined ? fixture(name) : Buffer.from(content),
      name,
      format: formatFor(name),
    });

  return {
    read,
    readFileAt: (file: string) => reader.read({ file, name: path.basename(file), format: formatFor(file) }),
    /** The document that a file is read as. */
    async documentOf(name: string, content?: string | Uint8Array): Promise<Document> {
      const reading = await read(name, content);
      if ("failure" in reading) throw new Error(`${name} is not read: ${reading.failure.reason}`);
      return reading.document;
    },
  };
};
