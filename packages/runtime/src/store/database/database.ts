import {
  type Columns,
  type RowStatement,
  type SqlValue,
  type Statement,
  sql,
  type WriteResult,
} from "./statement.ts";

/**
 * A formation's database, the same on both engines. Statements are SQL that SQLite and Postgres share; where the two
 * differ, `dialect` has the right form.
 */
export interface Database {
  readonly dialect: Dialect;
  /** Messages to and from the other processes that share the database. */
  readonly hints: Hints;
  /** Unix milliseconds by the clock that all processes of the database go by. */
  readonly now: () => number;
  /**
   * A number that changes when another connection writes, so that what was read can be cached until then. Missing
   * where finding out would take a round trip to a server.
   */
  readonly dataVersion?: () => number;
  /** Returns the rows of a query. */
  read<Row>(statement: Statement): Promise<Row[]>;
  /** The same for many or large rows: other reads do not wait for them. */
  readLong<Row>(statement: Statement): Promise<Row[]>;
  /**
   * The same for checks of health: it waits for no other work, and fails after 1.4 s.
   */
  readApart<Row>(statement: Statement): Promise<Row[]>;
  /** Runs statements in one transaction; resolves when it is on disk. */
  write(statements: readonly Statement[]): Promise<WriteResult[]>;
  /**
   * Runs a condition and, when it changed a row, the rest in the same transaction: compare and set.
   *
   * @returns The result of the condition; undefined when it changed no row, and then the rest was not run.
   */
  writeIf(condition: Statement, rest: readonly Statement[]): Promise<WriteResult | undefined>;
  /**
   * The same, one at a time among all processes: what the condition counts, no other call of this method changes
   * meanwhile.
   */
  writeIfAlone(condition: Statement, rest: readonly Statement[]): Promise<WriteResult | undefined>;
  /**
   * Runs statements that insert rows with a `counter` in one transaction. Transactions are committed in the order of
   * their numbers, so that a reader who asks for what came after the last number it saw misses none.
   */
  writeInOrder(statements: readonly Statement[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Short messages between the processes of one formation. They are hints to look into its tables, and must not be relied
 * on: a message that is sent while a listener is not connected is lost.
 */
export interface Hints {
  send(hint: Hint): void;
  /**
   * Hears what other processes and this one send. The content is empty, too, when hints of this topic may have been
   * missed.
   */
  listen(topic: HintTopic, formationId: string, listener: (content: string) => void): void;
}

export interface Hint {
  topic: HintTopic;
  formationId: string;
  /** What there is to be said beside the topic, of any length. */
  content?: string;
}

/**
 * There is a request in the queue, or one that waits for another of its session; something was asked of a request under way, such as to end;
 * a caller over MCP has cancelled a call; a user has typed a credential; what a process says of the feeds of users and of the log stream.
 */
export type HintTopic = "queued" | "waiting" | "cancel" | "mcp" | "credential" | "feed" | "logs";

/** What the engines express differently. */
export interface Dialect {
  readonly engine: "sqlite" | "postgres";
  /** Type of a primary key that numbers rows in the order of insertion. */
  readonly serial: string;
  /** The same, and no number is ever used again: for readers that ask for what came after the last one they saw. */
  readonly counter: string;
  /** After an integer column: whether it is one of these numbers. */
  isOneOf(numbers: readonly number[]): Statement;
  /**
   * Makes a statement for a row of values. On Postgres, those of one text that come close together are run as one for
   * all their rows, and those with the same key one after the other.
   */
  each<Given extends Columns>(
    statement: RowStatement<Given>,
  ): (row: Readonly<Record<keyof Given, SqlValue>>, key: string) => Statement;
  /** Type of a column of bytes. */
  readonly bytes: string;
  /** End of a `create table`: rows are stored in the order of the primary key, where the engine can do that. */
  readonly inKeyOrder: string;
  /** End of a `create table`: long rows are stored in one piece. */
  readonly inOnePiece: string;
  /** In a `from` clause: the texts of a JSON array as rows with one column, `value`. */
  textsOf(json: string | Statement): Statement;
  /** A value in a `select`: how many tables of these names there are. */
  countTables(names: readonly string[]): Statement;
  /** After a `select` of rows to lease: skips those that another process is leasing. */
  readonly skipClaimed: string;
  /** After a `select`: no other transaction changes or deletes the rows until this one has ended. */
  readonly lockRows: string;
  /** After a `select`: no other transaction deletes the rows until this one has ended. */
  readonly keepRows: string;
  /** Whether a write failed because a unique key is already in use. */
  isUniqueViolation(error: unknown): boolean;
}

/** `(select …)` for an `in`: texts as rows of one column. One statement then serves lists of any length. */
export const textRows = ({ textsOf }: Dialect, texts: readonly string[]): Statement =>
  sql`(select value from ${textsOf(JSON.stringify(texts))} as listed)`;

/** The schema of the database cannot be brought up to date. */
export class SchemaError extends Error {
  override readonly name: string = "SchemaError";
}

/** A newer version wrote the schema; this one could damage the data. */
export class NewerSchemaError extends SchemaError {
  override readonly name = "NewerSchemaError";
}

/** Seconds after which callers may try again what failed since the database could not be used. */
export const storageRetryAfter = 5;

/** The disk is full or gone, or the server cannot be reached. The same call may succeed later. */
export class StorageUnavailableError extends Error {
  override readonly name = "StorageUnavailableError";
}
