/**
 * What knowledge costs a formation, on SQLite and on Postgres, in about three minutes:
 *
 * `npm run bench:knowledge -- [--passages 100000] [--pages 1000]`: indexes so many passages on both engines at once, and
 * measures on each how long searches take while 32 chats run, what CPU a chat with knowledge takes beside one without, and
 * how long a stream stands still while a PDF is indexed. Without Postgres, SQLite alone is measured.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findPostgres, startPostgres } from "../../test/postgres-server.ts";
import { once } from "../load/connection.ts";
import { freePort, startProgram, stopAll } from "../machine/programs.ts";
import { formatNumber, tableRow } from "../page.ts";
import { writeDocuments } from "./corpus.ts";
import { startMeasured } from "./measured.ts";

const { values } = parseArgs({
  options: { passages: { type: "string", default: "100000" }, pages: { type: "string", default: "1000" } },
});

const folder = mkdtempSync(join(tmpdir(), "muxi-bench-knowledge-"));
const documents = join(folder, "documents");
writeDocuments(documents, Number(values.passages));
const modelPort = await freePort();
const modelFile = join(import.meta.dirname, "../fake-model/server.ts");
await startProgram({ args: [modelFile, String(modelPort)] }, 0, join(folder, "model.log"));
while ((await once(modelPort, { method: "GET", path: "/health" }, 1_000).catch(() => 0)) !== 200);

const programs = findPostgres();
const postgres = programs === undefined ? undefined : await startPostgres(programs, { settings: [] });
const engines = [
  { engine: "SQLite" as const, postgres: undefined },
  ...(postgres ? [{ engine: "Postgres" as const, postgres: postgres.url }] : []),
];
const measured = await Promise.all(
  engines.map((each) => {
    const own = join(folder, each.engine);
    mkdirSync(own);
    return startMeasured({ ...each, folder: own, documents, modelPort });
  }),
);
try {
  for (const each of measured) await each.measure(Number(values.pages));
  const lines = (measured[0]?.rows ?? []).map(([what], row) =>
    tableRow([what, ...measured.map(({ rows }) => formatNumber(rows[row]?.[1] ?? Number.NaN))]),
  );
  const heading = tableRow(["", ...measured.map(({ engine }) => engine)]);
  const rule = tableRow(["---", ...measured.map(() => "---:")]);
  process.stdout.write(`${[heading, rule, ...lines].join("\n")}\n`);
} finally {
  for (const each of measured) each.stop();
  await postgres?.stop();
  await stopAll();
  rmSync(folder, { recursive: true, force: true });
}
