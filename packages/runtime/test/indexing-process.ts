// Indexes what the agents of a formation know, and says when it is done:
//   node --conditions=muxi-source indexing-process.ts <formation folder> <SQLite file or Postgres URL>
import { loadFormation } from "@muxi/formation";
import { pino } from "pino";
import { openKnowledge } from "../src/knowledge/index.ts";
import { createStore, openPostgres, openSqlite } from "../src/store/index.ts";
import { noEmbedders } from "./embedders.ts";

const [folder = "", target = ""] = process.argv.slice(2);
const log = pino({ level: "silent" });
const database = target.startsWith("postgres")
  ? await openPostgres(target, { queryTimeout: 30, log })
  : openSqlite(target);
const { formation } = await loadFormation(folder);
if (!formation) throw new Error(`there is no formation in ${folder}`);
process.send?.("begun");
const { knowledge: stored, knowledgeVectors: vectors } = createStore(database);
const knowledge = openKnowledge({ formation, stored, vectors, embedders: noEmbedders, now: Date.now, log });
await knowledge.ready;
process.send?.("indexed");
process.disconnect?.();
await knowledge.close();
await database.close();
