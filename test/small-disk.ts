import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";

const mountAt = (dir: string): boolean =>
  spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", dir], { stdio: "ignore" }).status === 0;

// Lazily: something may still have a file open in it.
const unmount = (dir: string): void => void spawnSync("umount", ["--lazy", dir], { stdio: "ignore" });

/** Whether this process may mount a disk: tests of full disks are skipped where it may not. */
export const canMount = (() => {
  const dir = mkdtempSync(path.join(tmpdir(), "muxi-mount-"));
  const can = mountAt(dir);
  if (can) unmount(dir);
  rmdirSync(dir);
  return can;
})();

/** Gives a folder a disk of its own, of four megabytes, until the end of the test. */
export const mountSmallDisk = (dir: string): void => {
  if (!mountAt(dir)) throw new Error(`no disk could be mounted at ${dir}`);
  onTestFinished(() => unmount(dir));
};

/** Fills the disk of a folder to its last byte. @returns A function that makes room again. */
export const fillDisk = (dir: string): (() => void) => {
  const filler = path.join(dir, "filler");
  const file = openSync(filler, "w");
  for (let size = 65_536; size >= 1; ) {
    try {
      writeSync(file, Buffer.alloc(size));
    } catch {
      size /= 2;
    }
  }
  closeSync(file);
  return () => rmSync(filler);
};
