import pg from "pg";
import { onTestFinished } from "vitest";
import { startToxicProxy, type ToxicProxy } from "../../../test/toxic-proxy.ts";

const server = process.env.MUXI_TEST_POSTGRES;

/** Whether the formations of this run store on Postgres: tests that look into the SQLite file are left out. */
export const onPostgres = Boolean(server);

const ask = async (url: string, text: string): Promise<Record<string, unknown>[]> => {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
};

let database: Promise<string> | undefined;

/** The database of this process: test files that run at the same time share neither its locks nor its connections. */
const ownDatabase = (): Promise<string> => {
  const make = async () => {
    const url = new URL(server ?? "");
    const name = `tests_${process.pid}`;
    await ask(url.href, `create database ${name}`);
    url.pathname = name;
    return url.href;
  };
  database ??= make();
  return database;
};

/** Rows of a query, on a connection of its own. */
export const query = async (text: string, url?: string): Promise<Record<string, unknown>[]> =>
  ask(url ?? (await ownDatabase()), text);

let databases = 0;

/** An empty database, as a connection string: for what schemas of one database would share. */
export const createDatabase = async (): Promise<string> => {
  databases += 1;
  const url = new URL(await ownDatabase());
  url.pathname = `${url.pathname.slice(1)}_${databases}`;
  await query(`create database ${url.pathname.slice(1)}`);
  return url.href;
};

let schemas = 0;

/** An empty schema, as a connection string. */
export const createSchema = async (): Promise<string> => {
  schemas += 1;
  const schema = `s${schemas}`;
  const url = new URL(await ownDatabase());
  url.searchParams.set("options", `-csearch_path=${schema}`);
  url.searchParams.set("application_name", schema);
  await query(`create schema ${schema}`);
  return url.href;
};

/** The same, and once more behind a network that fails as it is told. */
export const createSchemaBehindProxy = async (): Promise<{
  direct: string;
  proxied: string;
  proxy: ToxicProxy;
}> => {
  const direct = await createSchema();
  const url = new URL(direct);
  const proxy = await startToxicProxy({ host: url.hostname, port: Number(url.port) });
  onTestFinished(() => proxy.close());
  url.port = String(proxy.port);
  return { direct, proxied: url.href, proxy };
};

/** To make the tables takes a tenth of a second, to empty them a tenth of that: schemas of earlier tests are taken again. */
const used: string[] = [];
const byFolder = new Map<string, Promise<string>>();

/** Ends the connections that are left, and with them what they would still write. */
const empty = `
  select pg_terminate_backend(pid, 10000) from pg_stat_activity
    where datname = current_database() and application_name = current_setting('application_name')
      and pid <> pg_backend_pid();
  do $$
    declare name text;
    begin
      for name in select tablename from pg_tables
        where schemaname = current_schema() and tablename <> 'schema_version'
      loop execute format('delete from %I', name); end loop;
    end
  $$`;

/** Where the formation of a folder stores as long as a test runs, as a connection string. */
export const databaseOf = (dir: string): Promise<string> => {
  const known = byFolder.get(dir);
  if (known) return known;
  const schema = used.pop();
  const taken = schema === undefined ? createSchema() : Promise.resolve(schema);
  byFolder.set(dir, taken);
  onTestFinished(async () => {
    byFolder.delete(dir);
    const url = await taken;
    await ask(url, empty);
    used.push(url);
  });
  return taken;
};
