import { pino } from "pino";
import postgres from "postgres";
import { createConnector } from "../../packages/runtime/src/store/postgres/connection.ts";
import { findPostgres, postgresMissing, startPostgres } from "../../test/postgres-server.ts";
import { usageOf } from "../machine/usage.ts";
import { type Comparison, cpuOf, type Part } from "./part.ts";

const table = `create table said (seq bigserial primary key, session text not null, role text not null,
  content text not null, metadata text, created_at bigint not null);
  create index on said (session, seq)`;
const read = `select role, content, metadata, created_at as "createdAt" from said where session = $1
  order by seq desc limit $2`;
const write = `insert into said (session, role, content, metadata, created_at)
  select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[])`;

type Value = string | number | null | (string | number | null)[];

/** A statement that is prepared once, on one connection; several are sent before the first is answered. */
interface Driver {
  ask(name: string, text: string, values: Value[]): Promise<number>;
  close(): Promise<void>;
}

const openPg = async (url: string): Promise<Driver> => {
  const connect = await createConnector(url, { startup: {}, log: pino({ level: "silent" }) });
  const connection = await connect(10_000);
  return {
    ask: async (name, text, values) => (await connection.query({ name, text, values })).rows.length,
    close: () => connection.close(),
  };
};

const openPostgresJs = (url: string): Driver => {
  const sql = postgres(url, { max: 1, types: { bigint: { ...postgres.BigInt, to: 20, parse: Number } } });
  return {
    ask: async (_, text, values) => (await sql.unsafe(text, values, { prepare: true })).length,
    close: () => sql.end(),
  };
};

const sessions = 50;
const rows = Array.from({ length: 10 }, (_, place) => place);
const content =
  'The Russet, with "quotes" and a \\ in it, is the one that I like best of all apples. '.repeat(3);
const metadata = JSON.stringify({ model: "openai/fake", finish_reason: "stop", usage: { input_tokens: 12 } });

const writeRows = (driver: Driver, session: string) =>
  driver.ask("write", write, [
    rows.map(() => session),
    rows.map((place) => (place % 2 ? "assistant" : "user")),
    rows.map(() => content),
    rows.map((place) => (place % 2 ? metadata : null)),
    rows.map((place) => 1_764_000_000_000 + place),
  ]);

const rounds = 400;

/** Rounds of statements of which so many are sent together. */
const inRounds = (together: number, ask: (session: string) => Promise<number>) => async () => {
  for (let round = 0; round < rounds; round++) {
    await Promise.all(Array.from({ length: together }, (_, place) => ask(`s${(round + place) % sessions}`)));
  }
  return rounds * together;
};

/** `pg` as a formation uses it beside the driver `postgres`, on the same statements. */
export const driver: Part = {
  name: "driver",
  page: "postgres-driver.md",
  missing: () => (findPostgres() === undefined ? postgresMissing : undefined),
  async open() {
    const programs = findPostgres();
    if (programs === undefined) throw new Error(postgresMissing);
    const server = await startPostgres(programs, { settings: ["log_min_messages=panic"] });
    const drivers = { ours: await openPg(server.url), postgres: openPostgresJs(server.url) };
    for (const statement of table.split(";")) await drivers.postgres.ask("", statement, []);
    for (let place = 0; place < sessions; place++) await writeRows(drivers.ours, `s${place}`);
    const serverCpu = () => usageOf(server.pid).cpuMs * 1000;

    const compare = (
      label: string,
      together: number,
      ask: (driver: Driver, session: string) => Promise<number>,
    ): Comparison[] => {
      const work = (each: Driver) => inRounds(together, (session) => ask(each, session));
      const contenders = (others?: () => number) =>
        Object.entries(drivers).map(([name, each]) => ({ name, sample: cpuOf(work(each), others) }));
      return [
        { label, unit: "µs of Node each", contenders: contenders() },
        { label, unit: "µs each, Postgres included", contenders: contenders(serverCpu) },
      ];
    };
    const readSession = (each: Driver, session: string) => each.ask("read", read, [session, 10]);
    return {
      comparisons: [
        ...compare("ten rows read, one statement at a time", 1, readSession),
        ...compare("ten rows read, eight statements together", 8, readSession),
        ...compare("ten rows written by one statement, two together", 2, writeRows),
      ],
      async close() {
        for (const each of Object.values(drivers)) await each.close();
        await server.stop();
      },
    };
  },
};
