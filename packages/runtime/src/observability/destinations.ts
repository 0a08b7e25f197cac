import { appendFile, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { createBatchSender } from "./batch-sender.ts";
import type { Format } from "./formats.ts";
import type { Destination } from "./observability.ts";

interface DestinationDeps {
  id: string;
  format: Format;
  log: { warn(details: object, message: string): void };
}

/** Before a file is written to again, in milliseconds (docs/spec/formation-files.md "Event destinations"). */
const fileWaits = { first: 1_000, longest: 30_000 };
/** Before a batch is posted again, in milliseconds (docs/spec/formation-files.md "Event destinations"). */
const postWaits = { first: 500, longest: 60_000 };

/** Writes to the standard output. */
export const stdoutDestination = (
  { id, format }: DestinationDeps,
  output: { write(text: string): unknown },
): Destination => ({
  id,
  write: (record) => void output.write(format.batch([record])),
  close: () => Promise.resolve(),
});

/** Appends to a file. It is opened for each batch, so it can be rotated by renaming. */
export const fileDestination = ({ id, format, log }: DestinationDeps, file: string): Destination =>
  createBatchSender({
    id,
    log,
    waits: fileWaits,
    async send(batch) {
      await mkdir(dirname(file), { recursive: true });
      await appendFile(file, format.batch(batch), { mode: 0o600 });
    },
  });

/** Posts batches to a URL. */
export const httpDestination = (
  { id, format, log }: DestinationDeps,
  url: string,
  headers: Readonly<Record<string, string>>,
): Destination =>
  createBatchSender({
    id,
    log,
    waits: postWaits,
    async send(batch, signal) {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": format.contentType, ...headers },
        body: format.batch(batch),
        redirect: "error",
        signal,
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
    },
  });
