import { formatNumber, tableRow } from "../page.ts";
import type { Inputs } from "./inputs.ts";

const numbersOfUsers = [1_000, 100_000, 10_000_000];

/** What is needed of something, beside what is planned with: above 1 it is short. */
interface Need {
  what: string;
  part: number;
}

const shortFirst = (needs: readonly Need[]): string => {
  const [most] = needs.toSorted((a, b) => b.part - a.part);
  if (!most) return "nothing";
  const share = `${formatNumber(most.part * 100)} %`;
  return most.part > 1
    ? `**${most.what}**, ${share} of it needed`
    : `nothing; most is needed of ${most.what}, ${share}`;
};

const calculated = (users: number, inputs: Inputs): Readonly<Record<string, string>> => {
  const busy = inputs.busy.value;
  const perDay = users * inputs.active.value * inputs.chats.value;
  const peak = (perDay / 86_400) * inputs.peak.value;
  const streams = peak * inputs.seconds.value;
  const kept = perDay * 365 * inputs.years.value;
  const coresFor = (milliseconds: number) => (peak * milliseconds) / 1_000;
  const disk = inputs.disk.value * 1e12 * busy;

  const sqliteCores = coresFor(inputs.sqliteTime.value);
  const sqliteFile = kept * inputs.sqliteBytes.value;

  const part = inputs.postgresPart.value;
  const postgresCores = coresFor(inputs.postgresTime.value * part);
  const processes = Math.max(1, Math.ceil(coresFor(inputs.postgresTime.value * (1 - part)) / busy));
  const connections = processes * inputs.connections.value;
  const memory = processes * inputs.idle.value + (streams * inputs.stream.value) / 1_000;
  const log = peak * inputs.logBytes.value;
  const tables = kept * inputs.postgresBytes.value;

  return {
    "chats a day": formatNumber(perDay),
    "chats in the busiest second": formatNumber(peak),
    "streams that are open then": formatNumber(streams),
    "one process on SQLite: cores": formatNumber(sqliteCores),
    "one process on SQLite: file, GB": formatNumber(sqliteFile / 1e9),
    "one process on SQLite: short first": shortFirst([
      { what: "its one core", part: sqliteCores / busy },
      { what: "the disk", part: sqliteFile / disk },
    ]),
    "on Postgres: processes, each on a core": formatNumber(processes),
    "on Postgres: their memory, MB": formatNumber(memory),
    "on Postgres: connections": formatNumber(connections),
    "on Postgres: cores of its own": formatNumber(postgresCores),
    "on Postgres: log in the busiest second, MB": formatNumber(log / 1e6),
    "on Postgres: log of a day, GB": formatNumber((perDay * inputs.logBytes.value) / 1e9),
    "on Postgres: tables with indexes, GB": formatNumber(tables / 1e9),
    "on Postgres: short first": shortFirst([
      { what: "its cores", part: postgresCores / inputs.cores.value / busy },
      { what: "its connections", part: connections / inputs.maxConnections.value / busy },
      { what: "what the disk takes of its log", part: log / (inputs.logRate.value * 1e6 * busy) },
      { what: "its disk", part: tables / disk },
    ]),
  };
};

/** What a formation needs for so many users, and what is short first: a table, behind one of what it is made from. */
export const calculation = (inputs: Inputs): string => {
  const columns = numbersOfUsers.map((users) => calculated(users, inputs));
  return [
    tableRow(["input", "value", "what it is", "from"]),
    tableRow(["---", "---:", "---", "---"]),
    ...Object.values(inputs).map(({ name, value, about, source }) =>
      tableRow([`\`${name}\``, formatNumber(value), about, source]),
    ),
    "",
    tableRow(["users", ...numbersOfUsers.map(formatNumber)]),
    tableRow(["---", ...numbersOfUsers.map(() => "---:")]),
    ...Object.keys(columns[0] ?? {}).map((label) =>
      tableRow([label, ...columns.map((column) => column[label] ?? "")]),
    ),
  ].join("\n");
};
