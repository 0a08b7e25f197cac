// A formation that is measured, and searches of what its agents know in its own process:
//   node --conditions=muxi-source formation.ts <folder> <SQLite file or Postgres URL>
// Asked for `seconds`, it searches all the while and tells how many milliseconds each search took.
import { setTimeout as sleep } from "node:timers/promises";
import { openFormation } from "@muxi/formation";
import { pino } from "pino";
import { startRuntime } from "../../packages/runtime/src/index.ts";
import { createKnowledgeSearch } from "../../packages/runtime/src/knowledge/search.ts";
import { createStore, openPostgres, openSqlite } from "../../packages/runtime/src/store/index.ts";
import { wordsFrom } from "./corpus.ts";

const [folder = "", database = ""] = process.argv.slice(2);
const log = pino({ level: "warn" }, pino.destination(2));
const formation = await openFormation(folder);
const runtime = await startRuntime({
  formation,
  keys: { clientKey: "client", adminKey: "admin" },
  host: "127.0.0.1",
  port: 0,
  env: {},
  log,
});

const opened = database.startsWith("postgres")
  ? await openPostgres(database, { queryTimeout: 30, log })
  : openSqlite(database);
const search = createKnowledgeSearch({
  formationId: formation.id,
  stored: createStore(opened).knowledge,
  modelsOf: () => ({}),
  configOf: () => undefined,
  nearest: async () => [],
  log,
});
const words = wordsFrom(3);
const wordsOfQuestion = 8;
const pauseMs = 15;
/** Of the prompt, for what is known; more than the passages that are wanted take. */
const tokens = 2_000;

process.on("message", async ({ seconds }: { seconds: number }) => {
  const times: number[] = [];
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    const begun = performance.now();
    await search("knowing", words(wordsOfQuestion), { tokens });
    times.push(performance.now() - begun);
    await sleep(pauseMs);
  }
  process.send?.({ times });
});
process.once("disconnect", () => process.exit());
process.send?.({ port: runtime.port });
