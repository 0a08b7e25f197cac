import { type ChildProcess, fork } from "node:child_process";
import { extname } from "node:path";
import type { ReadingLimits } from "./base/document.ts";
import type { OcrFiles, Perceived, Perception } from "./base/senses.ts";
import type { Answer, ProcessMessage } from "./document-process.ts";
import type { DocumentTask, Reading, ToWorker } from "./document-worker.ts";
import type { DocumentPassage, PassageSettings } from "./passages/passages.ts";
import { damaged, tooLarge } from "./readings.ts";

const isSource = extname(import.meta.url) === ".ts";
/** Lies beside this file, both as source and when built. */
const program = new URL(`./document-process${extname(import.meta.url)}`, import.meta.url);

/** What a process that reads needs to know of its surroundings: no secrets of the formation are among it. */
const passedOn = ["TZ", "NODE_COMPILE_CACHE"];
/** Milliseconds for which a process waits for another document. */
const longestIdle = 30_000;

/** How the system ends a process that takes too much memory, and how V8 does so by itself. */
const signalsOfMemory: readonly (NodeJS.Signals | null)[] = ["SIGKILL", "SIGABRT", "SIGTRAP"];

/** A document to read: its content, or the path of its file. */
export type DocumentSource = Pick<DocumentTask, "file" | "name" | "format">;

/** Takes some passages of a document. */
export type TakePassages = (passages: readonly DocumentPassage[]) => Promise<void>;

/** Reads documents, each in a process that is ended when it takes too much time or memory. */
export interface DocumentReader {
  /**
   * The document, or why it is not read. Those that are read at the same time are read in processes of their own.
   *
   * @throws Error when no process can be started
   */
  read(source: DocumentSource): Promise<Reading>;
  /**
   * The same, in passages, so that even a large document is taken in little by little. The document that it resolves with
   * has no blocks.
   *
   * @param take Takes some passages; the next ones come when it has resolved. What it throws ends the reading.
   */
  readPassages(source: DocumentSource, settings: PassageSettings, take: TakePassages): Promise<Reading>;
  /** Ends the processes, with what they read. */
  close(): void;
}

const start = (): ChildProcess =>
  fork(program, {
    execArgv: isSource ? ["--conditions=muxi-source"] : [],
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => passedOn.includes(name))),
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });

/** Who understands what is no text. */
export interface Understanding {
  /** Absent where nobody does. */
  pictures?: ((picture: Perception) => Promise<Perceived>) | OcrFiles;
  recordings?: (recording: Perception) => Promise<Perceived>;
}

const nobody = { failure: { code: "scanned", reason: "nobody understands it" } } as const;

/** Has a process read a document. */
const readIn = (
  child: ChildProcess,
  task: DocumentTask,
  { pictures, recordings }: Understanding,
  take?: TakePassages,
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const done = () => child.off("message", onMessage).off("close", onClose).off("error", onError);
    // One that has ended does not take it, and is closed.
    const tell = (message: ToWorker) => child.send(message, () => {});
    const understand = async (asks: Perception) => {
      const who = asks.kind === "picture" ? pictures : recordings;
      tell({ perceived: typeof who === "function" ? await who(asks) : nobody });
    };
    let taking = Promise.resolve();
    const giveUp = (error: unknown) => {
      done();
      reject(error);
    };
    // What takes a part goes on when the process has ended: nobody may clear away after it before.
    const finish = (answer: Answer) => {
      done();
      taking.then(() => resolve(answer), reject);
    };
    const onMessage = (message: ProcessMessage) => {
      if ("part" in message) {
        if (!take) return;
        taking = take(message.part);
        taking.then(() => tell("more"), giveUp);
        return;
      }
      if ("asks" in message) {
        understand(message.asks).catch(giveUp);
        return;
      }
      finish(message);
    };
    // "exit" may come before what was said last.
    const onClose = (_: number | null, signal: NodeJS.Signals | null) => {
      finish({ reading: signalsOfMemory.includes(signal) ? tooLarge : damaged, isLast: true });
    };
    const onError = (error: Error) => {
      if (child.pid === undefined) giveUp(error);
    };
    child.on("message", onMessage).on("close", onClose).on("error", onError);
    if (child.pid !== undefined) tell({ task });
  });

/**
 * @param limits What each document may take.
 * @param understanding Who understands pictures and recordings. Default: nobody.
 */
export const createDocumentReader = (
  limits: ReadingLimits,
  understanding: Understanding = {},
): DocumentReader => {
  const { pictures, recordings } = understanding;
  const senses = {
    pictures: typeof pictures === "function" ? ("asked" as const) : pictures,
    recordings: recordings && ("asked" as const),
  };
  const all = new Set<ChildProcess>();
  const free = new Map<ChildProcess, NodeJS.Timeout>();
  let isClosed = false;

  const forget = (child: ChildProcess): void => {
    all.delete(child);
    clearTimeout(free.get(child));
    free.delete(child);
  };

  const end = (child: ChildProcess): void => {
    forget(child);
    child.kill("SIGKILL");
  };

  const next = (): ChildProcess => {
    const [waiting] = free.keys();
    const child = waiting ?? start();
    if (waiting) {
      clearTimeout(free.get(waiting));
      free.delete(waiting);
    } else {
      all.add(child);
      child.once("exit", () => forget(child));
    }
    return child;
  };

  const read = async (
    source: DocumentSource & Pick<DocumentTask, "passages">,
    take?: TakePassages,
  ): Promise<Reading> => {
    if (isClosed) return damaged;
    const child = next();
    const task = { ...source, limits, senses };
    const { reading, isLast } = await readIn(child, task, understanding, take).catch((error: unknown) => {
      end(child);
      throw error;
    });
    if (isClosed) return damaged;
    if (isLast) forget(child);
    else free.set(child, setTimeout(() => end(child), longestIdle).unref());
    return reading;
  };

  return {
    read: (source) => read(source),
    readPassages: (source, passages, take) => read({ ...source, passages }, take),
    close() {
      isClosed = true;
      for (const child of all) end(child);
    },
  };
};
