// Databases of the engine of this run, and what they have of documents.
import path from "node:path";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { sql } from "../src/store/database/index.ts";
import { type Database, openPostgres, openSqlite } from "../src/store/index.ts";
import { createSchema, onPostgres } from "./postgres.ts";

/** Where an empty database of the engine of this run is. */
export const emptyPlace = async () =>
  onPostgres ? createSchema() : path.join(temporaryFolder(), "memory.db");

export const openAt = async (place: string): Promise<Database> => {
  const log = pino({ level: "silent" });
  const database = onPostgres ? await openPostgres(place, { queryTimeout: 30, log }) : openSqlite(place);
  onTestFinished(() => database.close());
  return database;
};

/** All that is stored of documents, without the numbers that tell when it was written. */
export const storedIn = async (database: Database) => {
  const rows = await database.read<Record<string, unknown>>(
    sql`select source, digest, state, knowledge_document.passages, word, best, places from knowledge_document
      left join knowledge_word on document_seq = seq order by source, word`,
  );
  const texts = await database.read<Record<string, unknown>>(
    sql`select source, content, place from knowledge_passage
      left join knowledge_document on seq = id / 1000000 order by source, id`,
  );
  return { rows, texts };
};
