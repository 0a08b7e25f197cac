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

/** A formation's entry in `registry.json` (docs/spec/server-api.md "Restart of the server"). */
export type RegistryRecord = z.infer<typeof recordSchema>;

/** `registry.json`: how each formation was last run. Which formations are deployed, their own folders say. */
export interface Registry {
  read(): Promise<RegistryRecord[]>;
  /** Resolves when the current state is on disk. */
  save(): Promise<void>;
  /** Saves for the last time. Later changes do not concern the next start. */
  close(): Promise<void>;
}

/** @param records Returns the current state. */
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
    // One write at a time. Calls during a write share the next one.
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
