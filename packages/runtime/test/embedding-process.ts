// Embeds what the agents of a formation know, until it is killed:
//   node --conditions=muxi-source embedding-process.ts <formation folder> <SQLite file or Postgres URL>
import { loadFormation } from "@muxi/formation";
import { createHttpClient } from "@muxi/http";
import { pino } from "pino";
import { openKnowledge } from "../src/knowledge/index.ts";
import { openEmbedders, packagesOf } from "../src/models/index.ts";
import { createStore, openPostgres, openSqlite } from "../src/store/index.ts";

const [folder = "", target = ""] = process.argv.slice(2);
const log = pino({ level: "silent" });
const database = target.startsWith("postgres")
  ? await openPostgres(target, { queryTimeout: 30, log })
  : openSqlite(target);
const { formation } = await loadFormation(folder);
if (!formation) throw new Error(`there is no formation in ${folder}`);
const { knowledge: stored, knowledgeVectors: vectors } = createStore(database);
const http = createHttpClient();
const embedders = openEmbedders({ formation, http, importPackage: packagesOf(folder), env: {}, log });
openKnowledge({ formation, stored, vectors, embedders, now: Date.now, log });
setInterval(() => {}, 2 ** 30);
