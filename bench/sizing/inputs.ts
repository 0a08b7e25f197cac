import { readFileSync } from "node:fs";
import path from "node:path";

const performancePage = path.join(import.meta.dirname, "../../docs/performance.md");

/** A number that the calculation begins with. */
interface Input {
  /** As an option names it. */
  name: string;
  value: number;
  /** What it is, with its unit. */
  about: string;
  /** Where it is from. */
  source: string;
}

/** The figures of docs/performance.md, by row and column. */
const readFigures = (): ((row: string, column: string) => number) => {
  const cellsOf = (line: string) => line.split("|").map((cell) => cell.trim());
  const lines = readFileSync(performancePage, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("|"));
  const head = lines.find((line) => line.startsWith("|  |")) ?? "";
  return (row, column) => {
    const line = lines.find((other) => other.startsWith(`| ${row} |`)) ?? "";
    const value = Number.parseFloat((cellsOf(line)[cellsOf(head).indexOf(column)] ?? "").replaceAll(",", ""));
    if (Number.isNaN(value)) throw new Error(`docs/performance.md has no figure '${row}' of ${column}`);
    return value;
  };
};

/**
 * What the calculation begins with.
 *
 * @param options Values in place of those that are here, by name.
 */
export const readInputs = (options: ReadonlyMap<string, number>) => {
  const figures = readFigures();
  const from =
    (source: string) =>
    (name: string, value: number, about: string): Input => {
      const option = options.get(name);
      return { name, about, value: option ?? value, source: option === undefined ? source : "an option" };
    };
  const assumed = from("assumed");
  const measured = from("`bench:sizing`");
  const figure = (name: string, row: string, column: string) =>
    from("[performance.md](performance.md)")(name, figures(row, column), `${column}: ${row}`);
  return {
    active: assumed("active", 0.1, "part of the users who chat on a day"),
    chats: assumed("chats", 10, "chats of such a user on that day"),
    peak: assumed("peak", 5, "chats in the busiest second, beside the mean of the day"),
    seconds: assumed("seconds", 10, "s that a stream is open"),
    years: assumed("years", 1, "years that messages are kept: `retention.messages`"),
    busy: assumed("busy", 0.6, "part of a core, a disk or a number of connections that is planned with"),
    cores: assumed("cores", 16, "cores of the Postgres"),
    maxConnections: assumed("max-connections", 500, "connections that it takes"),
    disk: assumed("disk", 1, "TB of a disk"),
    logRate: assumed("log-rate", 100, "MB/s of the write-ahead log that a disk takes"),
    postgresPart: assumed("postgres-part", 0.5, "part of a chat's CPU that is Postgres's own"),
    connections: from("[Postgres](#postgres)")("connections", 23, "connections of a process"),
    sqliteTime: figure("sqlite-ms", "128 at once, all learned: server CPU ms/chat", "muxi-learning"),
    postgresTime: figure("postgres-ms", "128 at once, all learned: server CPU ms/chat", "muxi-postgres"),
    idle: figure("idle-mb", "idle memory, MB", "muxi-postgres"),
    stream: figure("stream-kb", "1,000 streams: KB per stream", "muxi-postgres"),
    sqliteBytes: measured("sqlite-bytes", 720, "bytes of a chat that is kept, on SQLite"),
    postgresBytes: measured(
      "postgres-bytes",
      870,
      "bytes of a chat that is kept, on Postgres, with its indexes",
    ),
    logBytes: measured("log-bytes", 7_000, "bytes of Postgres's write-ahead log for a chat"),
  };
};

export type Inputs = ReturnType<typeof readInputs>;
