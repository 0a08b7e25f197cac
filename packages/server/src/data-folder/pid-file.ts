import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError } from "@muxi/formation";
import * as z from "zod";
import { writeDurably } from "../base/durable.ts";

const pidFileSchema = z.object({ pid: z.number().int(), port: z.number().int(), url: z.string() });

/** The server that is running on a data folder. */
export type ServerPid = z.infer<typeof pidFileSchema>;

/** Path of the file that names the running server. */
export const serverPidFile = (dataDirectory: string): string => join(dataDirectory, "server.pid");

/** The server that this data folder's pid file names, or undefined. It may have been killed: its file remains. */
export const readServerPid = async (dataDirectory: string): Promise<ServerPid | undefined> => {
  try {
    return pidFileSchema.parse(JSON.parse(await readFile(serverPidFile(dataDirectory), "utf8")));
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError) return undefined;
    if (isSystemError(error, "ENOENT")) return undefined;
    throw error;
  }
};

export const writeServerPid = (dataDirectory: string, server: ServerPid): Promise<void> =>
  writeDurably(serverPidFile(dataDirectory), `${JSON.stringify(server)}\n`);

/** Removes the pid file, unless another server has written its own in the meantime. */
export const removeServerPid = async (dataDirectory: string, pid: number): Promise<void> => {
  if ((await readServerPid(dataDirectory))?.pid === pid) await rm(serverPidFile(dataDirectory));
};
