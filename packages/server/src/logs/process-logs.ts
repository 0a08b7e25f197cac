import { closeSync, mkdirSync, openSync } from "node:fs";
import { open, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ifThere } from "../base/durable.ts";

/** The files with a formation's output (docs/spec/server-api.md "Logs and audit"). */
export interface ProcessLogFiles {
  out: string;
  err: string;
}

export const processLogFiles = (directory: string, name: string): ProcessLogFiles => ({
  out: join(directory, `${name}-out.log`),
  err: join(directory, `${name}-err.log`),
});

/** Removes all logs of a formation's processes, also those of its draft and of before a rotation. */
export const removeLogs = async (directory: string, id: string): Promise<void> => {
  const ours = new RegExp(`^${id}(?:-draft|-staging|-rollback)?-(?:out|err)\\.log(?:\\.\\d+)?$`);
  const names = (await ifThere(readdir(directory))) ?? [];
  await Promise.all(names.filter((name) => ours.test(name)).map((name) => rm(join(directory, name))));
};

/** Opens both files, passes their descriptors to `use`, and closes them: the child process has its own. */
export const withProcessLogs = <Result>(
  files: ProcessLogFiles,
  { truncate }: { truncate: boolean },
  use: (descriptors: { out: number; err: number }) => Result,
): Result => {
  mkdirSync(dirname(files.out), { recursive: true });
  const openLog = (file: string): number => {
    if (truncate) closeSync(openSync(file, "w", 0o600));
    return openSync(file, "a", 0o600); // Append, so that two processes do not overwrite each other's output.
  };
  const out = openLog(files.out);
  try {
    const err = openLog(files.err);
    try {
      return use({ out, err });
    } finally {
      closeSync(err);
    }
  } finally {
    closeSync(out);
  }
};

const blockBytes = 64 * 1024;
/** Bounds the memory that a call uses, however long the lines are. */
const longestTailBytes = 16 * 1024 * 1024;
const lineFeed = 10;

/**
 * The last lines of a file, read from its end. Empty if the file is missing.
 *
 * @param options.from Nothing before this byte is read. Default 0.
 */
export const tailLines = async (
  file: string,
  count: number,
  { from = 0 }: { from?: number } = {},
): Promise<string[]> => {
  const handle = await ifThere(open(file));
  if (!handle) return [];
  try {
    const { size } = await handle.stat();
    const first = Math.max(from, size - longestTailBytes);
    const blocks: Buffer[] = [];
    let start = size;
    // One more line than asked for, since the first one may be incomplete.
    for (let feeds = 0; start > first && feeds <= count; ) {
      const length = Math.min(blockBytes, start - first);
      start -= length;
      const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(length), position: start });
      const block = buffer.subarray(0, bytesRead);
      blocks.unshift(block);
      for (const byte of block) if (byte === lineFeed) feeds += 1;
    }
    const text = Buffer.concat(blocks).toString("utf8");
    if (text === "") return [];
    return (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n").slice(-count);
  } finally {
    await handle.close();
  }
};

/** The last lines of a log, continued in the previously rotated file if this one has too few. */
export const tailLog = async (file: string, count: number): Promise<string[]> => {
  const lines = await tailLines(file, count);
  if (lines.length >= count) return lines;
  return [...(await tailLines(`${file}.1`, count - lines.length)), ...lines];
};

/** The number of lines in a log and its previously rotated file. */
export const countLog = async (file: string): Promise<number> =>
  (await countLines(file)) + (await countLines(`${file}.1`));

/** The number of lines in a file; 0 if it is missing. */
const countLines = async (file: string): Promise<number> => {
  const handle = await ifThere(open(file));
  if (!handle) return 0;
  let lines = 0;
  let last = lineFeed;
  for await (const chunk of handle.createReadStream()) {
    const bytes: Buffer = chunk;
    for (let at = bytes.indexOf(lineFeed); at !== -1; at = bytes.indexOf(lineFeed, at + 1)) lines += 1;
    last = bytes.at(-1) ?? last;
  }
  return last === lineFeed ? lines : lines + 1;
};
