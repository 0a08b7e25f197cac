// Stores what tests of migrations begin with: databases of the newest schema, as `fixtures/databases/*/<schema>.sql`. Also
// writes the schema that new files get (`newest-schema.gen.ts`).
//   npm run fixtures:database        (after a migration was added; needs Debian's package `postgresql`)
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openFormation, openSecrets } from "@muxi/formation";
import pg from "pg";
import { pino } from "pino";
import { findPostgres, postgresMissing, startPostgres } from "../../../test/postgres-server.ts";
import { until } from "../../../test/until.ts";
import { startRuntime } from "../src/index.ts";
import { migrations } from "../src/store/migrations/index.ts";
import { dumpPostgres, dumpSqlite } from "./database-dumps.ts";
import { startModelServer } from "./model-server.ts";
import { newestSchemaFile, newestSchemaModule } from "./newest-schema.ts";
import {
  fillDatabase,
  meaningOf,
  storedAt,
  storedDatabases,
  storedFiles,
  storedMemories,
  storedReply,
  storedSecrets,
  unanswered,
} from "./stored-formation.ts";

const keys = { clientKey: "fmc_test", adminKey: "fma_test" };

const startReceiver = async () => {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(204).end());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the receiver has no port");
  return { url: `http://127.0.0.1:${address.port}/hook`, close: () => server.close() };
};

/**
 * Runs the formation in a folder, and asks it everything.
 *
 * @param countVectors How many vectors its database has.
 */
const run = async (
  dir: string,
  connectionString: string | undefined,
  countVectors: () => Promise<number>,
): Promise<void> => {
  const models = await startModelServer();
  Object.assign(models, { embed: meaningOf, defaultReply: storedReply });
  const receiver = await startReceiver();
  for (const [name, content] of Object.entries(storedFiles(models.url, connectionString))) {
    writeFileSync(path.join(dir, name), content);
  }
  const secrets = await openSecrets(dir);
  for (const [name, value] of Object.entries(storedSecrets)) await secrets.set(name, value);
  const began = performance.now();
  const runtime = await startRuntime({
    formation: await openFormation(dir),
    keys,
    host: "127.0.0.1",
    port: 0,
    env: {},
    log: pino({ level: "warn" }),
    now: () => storedAt + Math.round(performance.now() - began),
  });
  const call = async (
    method: string,
    route: string,
    { user, key = "client", body, headers }: Parameters<Parameters<typeof fillDatabase>[0]["call"]>[2] = {},
  ) => {
    const response = await fetch(`http://127.0.0.1:${runtime.port}/v1${route}`, {
      method,
      headers: {
        [`X-Muxi-${key}-Key`]: key === "admin" ? keys.adminKey : keys.clientKey,
        ...(user !== undefined && { "X-Muxi-User-ID": user }),
        "Content-Type": "application/json",
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
  await fillDatabase({ call }, receiver.url);
  const isAsked = () => models.requests.some(({ body }) => JSON.stringify(body).includes(unanswered));
  await until("the last chat is with the model", isAsked);
  await until("each memory has a vector", async () => (await countVectors()) > storedMemories.length);
  await runtime.close(0);
  await models.close();
  receiver.close();
};

const inFolder = async (work: (dir: string) => Promise<string>): Promise<string> => {
  const dir = mkdtempSync(path.join(tmpdir(), "muxi-stored-"));
  try {
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};

const storeSqlite = () =>
  inFolder(async (dir) => {
    const file = path.join(dir, "memory.db");
    await run(dir, undefined, async () => {
      using db = new DatabaseSync(file, { readOnly: true });
      return Number(db.prepare("select count(*) as count from memory_vector").get()?.count);
    });
    return dumpSqlite(file);
  });

const storePostgres = (programs: string) =>
  inFolder(async (dir) => {
    const server = await startPostgres(programs, { settings: ["fsync=off"] });
    const client = new pg.Client(server.url);
    await client.connect();
    try {
      await run(dir, server.url, async () =>
        Number((await client.query("select count(*) from memory_vector")).rows[0]?.count),
      );
      return dumpPostgres(programs, server.url);
    } finally {
      await client.end();
      await server.stop();
    }
  });

writeFileSync(newestSchemaFile, newestSchemaModule());
const programs = findPostgres();
if (programs === undefined) {
  process.stderr.write(`${postgresMissing}\n`);
  process.exit(1);
}
const name = `${String(migrations.length).padStart(4, "0")}.sql`;
for (const [engine, store] of [
  ["sqlite", storeSqlite],
  ["postgres", () => storePostgres(programs)],
] as const) {
  const file = path.join(storedDatabases, engine, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, await store());
  process.stdout.write(`${path.relative(process.cwd(), file)}\n`);
}
