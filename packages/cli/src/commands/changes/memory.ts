import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { confirmed } from "../../prompts/index.ts";
import { createUi } from "../../ui/index.ts";
import { type ChangeOptions, change } from "./change.ts";

/** `muxi memory add`: remembers something about a user. */
export const addMemory = (
  context: Context,
  memType: string,
  detail: string,
  options: ChangeOptions,
): Promise<number> =>
  change(
    context,
    options,
    (formation) => formation.addMemory({ memType, detail }),
    ({ id }) => `Added ${id}`,
  );

export interface EditOptions extends ChangeOptions {
  collection?: string;
  /** Whether it is recalled with every message. */
  pin?: boolean;
  /** Seconds until it is forgotten; false for never. */
  ttl?: number | boolean;
}

/** `muxi memory edit`: corrects what is remembered. */
export const editMemory = async (
  context: Context,
  memoryId: string,
  content: string | undefined,
  { collection, pin, ttl, ...options }: EditOptions,
): Promise<number> => {
  const edit = {
    ...(content !== undefined && { content }),
    ...(collection !== undefined && { collection }),
    ...(pin !== undefined && { pinned: pin }),
    ...(typeof ttl === "number" && { ttl }),
    ...(ttl === false && { ttl: null }),
  };
  if (Object.keys(edit).length === 0) {
    throw new CliError("What is to be changed?", {
      hint: "Write the text that is right, or use --collection, --pin, --no-pin, --ttl or --no-ttl",
    });
  }
  return change(
    context,
    options,
    (formation) => formation.updateMemory({ memoryId, ...edit }),
    ({ content: text }) => `Changed ${memoryId}: ${text}`,
  );
};

/** `muxi memory delete`. */
export const deleteMemory = (context: Context, memoryId: string, options: ChangeOptions): Promise<number> =>
  change(
    context,
    options,
    (formation) => formation.deleteMemory({ memoryId }),
    () => `Deleted ${memoryId}`,
  );

export interface ClearBufferOptions extends ChangeOptions {
  /** Only this session. */
  session?: string;
  /** The sessions of every user. */
  all: boolean;
  force: boolean;
}

/** `muxi memory buffer clear`: deletes sessions with their messages. */
export const clearBuffer = async (
  context: Context,
  { session, all, force, ...options }: ClearBufferOptions,
): Promise<number> => {
  const { user, output } = options;
  if (!all && session === undefined && user === undefined) {
    throw new CliError("Whose sessions are to be deleted?", {
      hint: "Use --user <id>, --session <id>, or --all for those of every user",
    });
  }
  const what = all
    ? "all sessions of all users"
    : session
      ? `session '${session}'`
      : `all sessions of '${user}'`;
  if (!(await confirmed(createUi(context, output), `Delete ${what}?`, force))) return 0;
  return change(
    context,
    { ...options, isForEveryone: all },
    async (formation) => {
      if (all) return formation.clearAllBuffers();
      return session ? formation.clearSessionBuffer({ sessionId: session }) : formation.clearUserBuffer();
    },
    ({ messages_cleared: count }) => `Deleted ${what}: ${count} messages`,
  );
};
