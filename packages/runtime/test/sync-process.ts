// Looks at the sources elsewhere of a formation, and ends:
//   node --conditions=muxi-source sync-process.ts <formation folder> <SQLite file or Postgres URL>
import { loadFormation } from "@muxi/formation";
import { pino } from "pino";
import { knowingAgents } from "../src/knowledge/index.ts";
import { openSourceSyncs } from "../src/sources/syncs.ts";
import { createStore, openPostgres, openSqlite } from "../src/store/index.ts";

const [folder = "", target = ""] = process.argv.slice(2);
const log = pino({ level: "silent" });
const database = target.startsWith("postgres")
  ? await openPostgres(target, { queryTimeout: 30, log })
  : openSqlite(target);
const { formation } = await loadFormation(folder);
if (!formation) throw new Error(`there is no formation in ${folder}`);
const { knowledge: stored, knowledgeSources: sources, knowledgeVectors: vectors } = createStore(database);
const elsewhere = openSourceSyncs({
  ...{ formation, agents: knowingAgents(formation), stored, vectors, sources, log },
  understandingOf: () => ({}),
  policy: { allowLoopback: true, allowPrivate: false },
  zone: "UTC",
  env: {},
  now: Date.now,
});
await Promise.all(formation.agents.map(({ id }) => elsewhere.sync(id)));
await elsewhere.close();
await database.close();
