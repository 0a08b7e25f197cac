// A web server whose pages tests change, and formations that know what is on it.
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import path from "node:path";
import { loadFormation } from "@muxi/formation";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { knowingAgents, openKnowledge } from "../src/knowledge/knowledge.ts";
import { openSourceSyncs } from "../src/sources/syncs.ts";
import { createStore, type Database } from "../src/store/index.ts";
import { noEmbedders } from "./embedders.ts";
import { emptyDatabase } from "./processes.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server whose pages are texts, or answer by themselves. */
export const startWebServer = async (pages: Record<string, string | Answer>) => {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    const page = pages[request.url ?? ""];
    if (typeof page === "function") return page(request, response);
    if (page === undefined) return response.writeHead(404).end();
    const isPage = /[/]$|html$/.test(request.url ?? "");
    response.writeHead(200, { "content-type": isPage ? "text/html" : "text/plain" }).end(page);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const paths = () => requests.map(({ url }) => url);
  return { url: `http://127.0.0.1:${address.port}`, pages, requests, paths };
};

/** Answers with a text that has an entity tag, and 304 to those who know it. */
export const tagged =
  (tag: string, text: string): Answer =>
  (request, response) => {
    const isKnown = request.headers["if-none-match"] === tag;
    response.writeHead(isKnown ? 304 : 200, { etag: tag, "content-type": "text/markdown" });
    response.end(isKnown ? undefined : text);
  };

/** Writes a formation whose agent `one` has some sources. */
export const writeKnowing = async (sources: readonly string[], settings = ""): Promise<string> => {
  const dir = path.join(temporaryFolder(), "formation");
  await mkdir(dir, { recursive: true });
  await configureKnowing(dir, sources, settings);
  return dir;
};

export const configureKnowing = (dir: string, sources: readonly string[], settings = "") =>
  writeFile(
    path.join(dir, "formation.afs"),
    `schema: "1.0.0"\nid: cellar\ndescription: Knows the cellar\nagents:\n` +
      `  - { id: one, name: N, description: D, knowledge: { ${settings} sources: [${sources.map((each) => `{ ${each} }`).join(", ")}] } }\n`,
  );

interface OpenOptions {
  database?: Database;
  now?: () => number;
  allowLoopback?: boolean;
}

/** Opens what a formation knows, and waits until each source was looked at once. */
export const openKnowing = async (dir: string, options: OpenOptions = {}) => {
  const { database = await (await emptyDatabase())(), now = Date.now, allowLoopback = true } = options;
  if (!options.database) onTestFinished(() => database.close());
  const { formation, report } = await loadFormation(dir);
  if (!formation) throw new Error(`the formation is not valid: ${JSON.stringify(report.errors)}`);
  const lines: Record<string, unknown>[] = [];
  const log = pino({ base: null, timestamp: false }, { write: (line) => lines.push(JSON.parse(line)) });
  const { knowledge: stored, knowledgeSources: sources, knowledgeVectors: vectors } = createStore(database);
  const policy = { allowLoopback, allowPrivate: false };
  const agents = knowingAgents(formation);
  const elsewhere = openSourceSyncs({
    understandingOf: () => ({}),
    ...{ formation, agents, stored, vectors, sources, policy, zone: "UTC", now, log },
  });
  const knowledge = openKnowledge({
    ...{ formation, stored, vectors, embedders: noEmbedders, elsewhere, now, log },
  });
  onTestFinished(() => knowledge.close());
  await elsewhere.begun;
  const find = async (text: string) =>
    (await knowledge.search("one", text, { limit: 5 })).map((passage) => passage.text);
  const messages = () => lines.filter(({ level }) => level === 40);
  return { knowledge, database, find, warnings: messages, lines };
};
