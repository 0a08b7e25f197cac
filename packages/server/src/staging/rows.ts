import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { Failure } from "../base/failure.ts";
import { runtimeCommand } from "../processes/index.ts";

/** What a backup holds of a formation's Postgres, beside its files. */
export const rowsFile = ".postgres-rows";

/** Has the runtime, which alone knows the database, copy a formation's rows (docs/spec/formation-files.md "Copying rows"). */
const copyRows = async (folder: string, options: readonly string[]): Promise<void> => {
  const { command, args } = runtimeCommand(folder);
  // It ends with this process, which is what the channel tells it.
  const child = spawn(command, [...args, ...options], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  const closed = once(child, "close");
  const [said, [code]] = await Promise.all([child.stderr ? text(child.stderr) : "", closed]);
  if (code === 0) return;
  const reason = said.trim().replace(/^Error: /, "") || `its process ended with ${code}`;
  throw new Failure(400, "InvalidAction", `The rows in Postgres were not copied: ${reason}`);
};

export const dumpRows = (folder: string, file: string): Promise<void> =>
  copyRows(folder, ["--dump-rows", file]);

/** @param replaces Whether rows that are there give way. */
export const loadRows = (folder: string, file: string, replaces: boolean): Promise<void> =>
  copyRows(folder, ["--load-rows", file, ...(replaces ? ["--force"] : [])]);
