import { createReadStream, type ReadStream } from "node:fs";
import { PassThrough, type Readable } from "node:stream";
import { ZipFile } from "yazl";

export interface ZipEntry {
  /** Path in the archive, with forward slashes. */
  name: string;
  file: string;
  mtime: Date;
  mode: number;
}

/** A zip archive as it is made, file by file. */
export const zip = (entries: readonly ZipEntry[]): Readable => {
  const archive = new ZipFile();
  const output = new PassThrough();
  let source: ReadStream | undefined;
  for (const { name, file, mtime, mode } of entries) {
    // Without its size: the archive takes what the file holds when its turn comes.
    archive.addReadStreamLazy(name, { mtime, mode }, (read) => {
      if (output.destroyed) return;
      source = createReadStream(file).once("error", (error) => output.destroy(error));
      read(null, source);
    });
  }
  archive.end();
  archive.outputStream.pipe(output);
  // A reader that leaves half-way stops the pipe, but not the file at its other end.
  return output.once("close", () => source?.destroy());
};
