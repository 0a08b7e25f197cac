import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Fetch, FormationClient, version } from "muxi-client";
import { createNodeTransport } from "muxi-client/node";
import { createSseParser } from "../src/stream/sse.ts";
import { type Frame, readByHand } from "./reference.ts";

/** A client that is ready to be used. */
export interface Opened {
  /** Asks for the stream and reads it to its end. Gives the number of its events. */
  read(): Promise<number>;
  /** Asks for a small JSON document; missing where a package has no such call. */
  request?(): Promise<unknown>;
}

/** Something that is measured. */
export interface Subject {
  name: string;
  version: string;
  /** Whether it takes responses from memory. Default true. */
  inMemory?: boolean;
  /** Whether it is worth measuring over a socket. Default true. */
  overSocket?: boolean;
  open(url: string, fetch: Fetch): Opened;
}

const count = async (events: AsyncIterable<unknown>): Promise<number> => {
  let number = 0;
  for await (const _ of events) number++;
  return number;
};

/** A `fetch` and the parser written by hand: what everything is compared with. */
export const byHand: Subject = {
  name: "by hand",
  version: "",
  open: (url, fetch) => ({
    read: async () => count(readByHand(await fetch(url, { method: "POST" }))),
    request: async () => (await fetch(url, { method: "GET" })).json(),
  }),
};

/** Our parser in the place of the one written by hand, and nothing else of the package. */
export const parserAlone: Subject = {
  name: "our parser alone",
  version,
  overSocket: false,
  open: (url, fetch) => ({
    read: async () => {
      const feeder = (onFrame: (frame: Frame) => void) =>
        createSseParser((event, data, id) => onFrame({ id, event, data: JSON.parse(data) })).feed;
      return count(readByHand(await fetch(url, { method: "POST" }), feeder));
    },
  }),
};

const formationOf = (url: string, fetch: Fetch): Opened => {
  const formation = new FormationClient({ url, clientKey: "key", adminKey: "key", fetch });
  return {
    read: () => count(formation.chatStream({ message: "Hi" })),
    request: () => formation.getStatus(),
  };
};

/** All of the package: retries, deadline, idle timeout, numbered events, errors. */
export const ours: Subject = { name: "muxi-client", version, open: formationOf };

/** The same over the connections of `muxi-client/node`, whatever `fetch` is. */
export const oursOnNode: Subject = {
  name: "muxi-client/node",
  version,
  inMemory: false,
  open: (url) => formationOf(url, createNodeTransport()),
};

/** Where `--with-peers` installs the peers. */
export const peersFolder = join(import.meta.dirname, "peers");

/** The other packages, or none of them before they are installed. */
export const loadPeers = async (): Promise<readonly Subject[]> => {
  if (!existsSync(join(peersFolder, "node_modules"))) return [];
  const { peers }: { peers: readonly Subject[] } = await import(
    pathToFileURL(join(peersFolder, "subjects.js")).href
  );
  return peers;
};
