import { randomBytes } from "node:crypto";
import { link, rename, rm, writeFile } from "node:fs/promises";
import { systemCode } from "./system-error.ts";

const temporaryName = (path: string): string =>
  `${path}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`;

/** Replaces a file as a whole: a reader, or a crash, sees the old content or the new. */
export const writeAtomically = async (path: string, text: string, mode: number): Promise<void> => {
  const temporary = temporaryName(path);
  try {
    await writeFile(temporary, text, { mode, flag: "wx", flush: true });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
};

/**
 * Creates a file as a whole unless it exists; of several processes that try, one wins.
 *
 * @returns Whether this call created it.
 */
export const createAtomically = async (path: string, text: string, mode: number): Promise<boolean> => {
  const temporary = temporaryName(path);
  try {
    await writeFile(temporary, text, { mode, flag: "wx", flush: true });
    // Unlike a rename, a link never replaces what is there.
    await link(temporary, path);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
};
