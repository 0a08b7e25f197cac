import { type Infer, lazy, type OperationProgress, operationProgressSchema } from "@muxi/protocol";
import * as z from "zod";
import { failureTypes } from "../base/failure.ts";
import type { BundleLimits, Identified } from "../bundles/index.ts";
import type { NewDraft } from "../drafts/index.ts";
import type { InstallOptions } from "../packages/index.ts";

/** Told of each step of an operation when it begins. */
export type ReportProgress = (progress: OperationProgress) => void;

/** What a release is made from: an uploaded bundle, or a draft folder. */
export type Source = UploadedBundle | { draft: string };

interface UploadedBundle {
  bundle: string;
  takes: TakenData;
}

/**
 * What of a running formation's own data a bundle brings along for its release: nothing, the database, or, as when a backup
 * is restored, generated keys and artifacts too (docs/spec/server-api.md "Data of a formation").
 */
export type TakenData = "nothing" | "database" | "all";

/** Makes the folder of a release. */
export interface StageTask {
  kind: "stage";
  id: string;
  formationsDirectory: string;
  /** Folder in which the release is made before it is moved to its place. The server removes it when the task has ended. */
  work: string;
  source: Source;
  limits: BundleLimits;
  /** How packages that the bundle names are installed. */
  install: Pick<InstallOptions, "allowed" | "env" | "timeoutMs">;
  /** The version that the client announced; undefined accepts that of the manifest. */
  expectedVersion: string | undefined;
  serverId: string;
  /** Number of the release. */
  version: number;
  /** Number of the release in service. */
  predecessor: number | undefined;
}

/** Creates a draft: its template, or a copy of a release, of which nobody knows how many files it has. */
interface DraftTask {
  kind: "draft";
  draft: NewDraft;
}

/** Hashes what would be deployed from a draft, as text. */
interface HashTask {
  kind: "hash";
  draft: string;
}

/** Checks a formation that is to run as a draft; comes to what `identifiedSchema` reads. */
interface IdentifyTask {
  kind: "identify";
  folder: string;
  /** What `${{ env.NAME }}` may refer to. */
  env: NodeJS.ProcessEnv;
}

/** Writes a zip of a release to standard output (docs/spec/server-api.md "Download"). */
export interface ArchiveTask {
  kind: "archive";
  release: string;
  /** Where to make a snapshot of the database; undefined leaves it out. */
  copyTo: string | undefined;
}

/** Writes a zip of everything that a formation is to standard output (docs/spec/server-api.md "Backup"). */
export interface BackupTask {
  kind: "backup";
  id: string;
  release: string;
  /** What releases share: links of the release may lead there. */
  data: string;
  /** Where to make a snapshot of the database. */
  copyTo: string;
}

/** Tasks whose result is their standard output. */
export type WritingTask = ArchiveTask | BackupTask;

export type ReaderTask = StageTask | DraftTask | HashTask | IdentifyTask | WritingTask;

export const isWriting = (task: ReaderTask): task is WritingTask =>
  task.kind === "archive" || task.kind === "backup";

/** What an {@link IdentifyTask} has found. */
export const identifiedSchema: z.ZodType<Identified> = z.object({
  id: z.string(),
  variables: z.array(z.string()),
});

/** What a staged release is. */
export const stagedSchema = z.object({
  semantic: z.string(),
  name: z.string(),
  replicas: z.int().positive(),
  /** Files of the source that are a running formation's own. */
  leftOut: z.array(z.string()),
});

export type Staged = z.infer<typeof stagedSchema>;

/** What the process of a task tells the server, over their IPC channel. */
export const readerMessageSchema = lazy(() =>
  z.discriminatedUnion("type", [
    z.object({ type: z.literal("progress"), progress: operationProgressSchema() }),
    z.object({ type: z.literal("done"), result: z.unknown().optional() }),
    z.object({
      type: z.literal("refused"),
      status: z.int(),
      failure: z.enum(failureTypes),
      message: z.string(),
    }),
    /** With the stack, for the server's log. */
    z.object({ type: z.literal("broken"), message: z.string() }),
  ]),
);

export type ReaderMessage = Infer<typeof readerMessageSchema>;
