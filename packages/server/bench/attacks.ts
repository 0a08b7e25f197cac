// How long others wait while somebody attacks: npm run bench:attacks [-- --only "Word document"] [-- --write]
//
// Two formations stream without a pause, a token every 10 ms, while one attack after another comes through the server
// and to one of the two. The longest gap that a user of the other formation, and another user of the same one, have
// seen is beside that of a stream that comes from the model itself: what that one waited too, the machine was short of.

import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import * as z from "zod";
import { formatNumber, tableRow, writeFigures } from "../../../bench/page.ts";
import { type Attack, attacks, type Target } from "./attack-list.ts";
import type { Watched, WatchMessage } from "./attack-watch.ts";
import { adminKey, type BuiltServer, clientKey, startBuiltServer } from "./built-server.ts";

const page = fileURLToPath(new URL("../../../docs/performance.md", import.meta.url));
const command = "npm run bench:attacks -- --write";
const [attacked, other] = ["attacked", "other"];
const columns = ["another formation", "another user", "the model itself"];

const begin = (file: string, workerData?: unknown): Worker =>
  new Worker(new URL(file, import.meta.url), { workerData });

const said = async (worker: Worker): Promise<unknown> => (await once(worker, "message"))[0];

const manifestOf = (model: string) => (id: string, lines: string) =>
  `schema: "1.0.0"
id: ${id}
description: A formation of the bench
version: "1.0.0"
llm:
  settings: { base_url: "${model}/v1", max_retries: 0 }
  models: [{ text: openai/fake, api_key: none }]
server: { api_keys: { client_key: ${clientKey}, admin_key: ${adminKey} } }
memory: { persistent: { extraction: false } }
${lines}`;

const serverOfTools = (model: string) =>
  `id: many\ndescription: Has many tools\ntype: http\nendpoint: ${model}/mcp\n`;

const callerOf = (user: string) => ({ "x-muxi-client-key": clientKey, "x-muxi-user-id": user });

const watched = (server: BuiltServer, model: string): Watched[] => {
  const stream = (name: string, formation: string, user: string): Watched => ({
    name,
    url: `${server.url}/api/${formation}/v1/chat`,
    headers: callerOf(user),
    body: JSON.stringify({ message: "Count" }),
  });
  return [
    stream("another formation", other, "bob"),
    stream("another user", attacked, "ann"),
    {
      name: "the model itself",
      url: `${model}/v1/chat/completions`,
      headers: {},
      body: JSON.stringify({ messages: [{ role: "user", content: "Count" }] }),
    },
  ];
};

const watchMessageSchema = z.union([
  z.literal("flowing"),
  z.object({ gaps: z.record(z.string(), z.number()) }),
]) satisfies z.ZodType<WatchMessage>;

/** A row of the table. */
const measure = async (
  { name, prepare }: Attack,
  target: Target,
  streams: readonly Watched[],
): Promise<string> => {
  const attack = await prepare(target);
  const watch = begin("attack-watch.ts", streams);
  const failed = once(watch, "error").then(([error]) => Promise.reject(error));
  failed.catch(() => undefined);
  try {
    await said(watch);
    const begun = performance.now();
    const answer = await Promise.race([attack(), failed]);
    const seconds = (performance.now() - begun) / 1000;
    watch.postMessage("stop");
    const message = watchMessageSchema.parse(await said(watch));
    const gaps = message === "flowing" ? {} : message.gaps;
    return tableRow([
      name,
      answer,
      seconds.toFixed(1),
      ...columns.map((column) => formatNumber(Math.round(gaps[column] ?? 0))),
    ]);
  } finally {
    await watch.terminate();
  }
};

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    write: { type: "boolean", default: false },
  },
});
const chosen = attacks.filter(({ name }) => name.includes(values.only));
if (chosen.length === 0) throw new Error(`no attack has '${values.only}' in its name`);

const outside = begin("attack-outside.ts");
const model = `http://127.0.0.1:${await said(outside)}`;
const server = await startBuiltServer("attacks");
try {
  const manifest = manifestOf(model);
  for (const id of [attacked, other]) {
    const tools = id === attacked && { "mcp/many.afs": serverOfTools(model) };
    const files = { "formation.afs": manifest(id, ""), ...tools };
    const { ok, text } = await server.deploy(id, "1.0.0", server.pack(id, files));
    if (!ok) throw new Error(`${id} was not deployed: ${text}`);
  }
  const target: Target = {
    server,
    formation: attacked,
    manifestOf: manifest,
    post: (body) =>
      server.call("POST", `/api/${attacked}/v1/chat`, body, {
        ...callerOf("mallory"),
        "content-type": "application/json",
      }),
  };
  const head = ["attack", "answer", "s", ...columns.map((column) => `${column}, ms`)];
  const rows = [tableRow(head), tableRow(["---", "---", "---:", ...columns.map(() => "---:")])];
  for (const row of rows) process.stdout.write(`${row}\n`);
  for (const attack of chosen) {
    const row = await measure(attack, target, watched(server, model));
    process.stdout.write(`${row}\n`);
    rows.push(row);
  }
  if (values.write) writeFigures(page, command, rows.join("\n"));
} finally {
  await server.stop();
  await outside.terminate();
}
