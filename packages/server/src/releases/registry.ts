import { readFile } from "node:fs/promises";
import * as z from "zod";
import { ifThere, writeDurably } from "../base/durable.ts";

const recordSchema = z.looseObject({
  id: z.string(),
  status: z.string(),
  ports: z.array(z.int()).default([]),
  restart_count: z.int().nonnegative().default(0),
  deployed_at: z.string().optional(),
});

const fileSchema = z.looseObject({ version: z.literal(1), formations: z.array(recordSchema) });

/** A formation in `registry.json` (docs/spec/server-api.md "Restart of the server"). */
export type RegistryRecord = z.infer<typeof recordSchema>;

/** `registry.json`: how each formation was run last. What is deployed is told by the formations' own folders. */
export interface Registry {
  read(): Promise<RegistryRecord[]>;
  /** Resolves when what holds now is on disk. */
  save(): Promise<void>;
  /** Saves for the last time: what changes after it is not for the next start. */
  close(): Promise<void>;
}

/** @param records What holds at the moment. */
export const createRegistry = (
  file: string,
  records: () => RegistryRecord[],
  now: () => number,
): Registry => {
  const write = (): Promise<void> => {
    const saved = { version: 1, saved_at: new Date(now()).toISOString(), formations: records() };
    return writeDurably(file, `${JSON.stringify(saved, null, 2)}\n`);
  };
  let writing: Promise<void> = Promise.resolve();
  let queued: Promise<void> | undefined;
  let closed = false;
  const save = (): Promise<void> => {
    // One write at a time; whoever comes during one shares the next.
    queued ??= writing.then(() => {
      queued = undefined;
      const written = write();
      writing = written.catch(() => undefined);
      return written;
    });
    return queued;
  };
  return {
    async read() {
      const text = await ifThere(readFile(file, "utf8"));
      if (text === undefined) return [];
      return fileSchema.parse(JSON.parse(text)).formations;
    },
    save: () => (closed ? Promise.resolve() : save()),
    close() {
      if (closed) return Promise.resolve();
      closed = true;
      return save();
    },
  };
};
