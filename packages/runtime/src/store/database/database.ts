import type { Statement, WriteResult } from "./statement.ts";

/**
 * A formation's database, the same on both engines. Statements are the common SQL of SQLite and Postgres; what one
 * of them says otherwise is in its `dialect`.
 */
export interface Database {
  readonly dialect: Dialect;
  /** To and from the other processes that share the database. */
  readonly hints: Hints;
  /**
   * A number that changes when somebody else writes, so that what was read may be kept until then. Left out where it
   * would take a journey to a server.
   */
  readonly foreignWrites?: () => number;
  /** Rows of a query. */
  read<Row>(statement: Statement): Promise<Row[]>;
  /** The same for many rows or long ones: no other read waits for them. */
  readLong<Row>(statement: Statement): Promise<Row[]>;
  /** Runs the statements in one transaction; resolves when it is on disk. */
  write(statements: readonly Statement[]): Promise<WriteResult[]>;
  /**
   * Runs a condition and, when it changed a row, the rest in the same transaction: compare and set.
   *
   * @returns What the condition did; undefined when it changed nothing, and then nothing else was run.
   */
  writeIf(condition: Statement, rest: readonly Statement[]): Promise<WriteResult | undefined>;
  /**
   * The same, one after the other among all processes: what the condition counts, no other of its kind changes
   * meanwhile.
   */
  writeIfInTurn(condition: Statement, rest: readonly Statement[]): Promise<WriteResult | undefined>;
  /**
   * Runs statements that count up a `counter` in one transaction: none is on disk before one with lower numbers, so
   * that no reader passes over those.
   */
  writeInTurn(statements: readonly Statement[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Short messages between the processes of one database: a hint to look into it, never the only news, since one that is
 * sent while a listener is not connected is lost.
 */
export interface Hints {
  send(topic: HintTopic): void;
  listen(topic: HintTopic, listener: () => void): void;
}

/** Something waits in the queue; somebody asked to stop a request. */
export type HintTopic = "queued" | "cancel";

/** Where the two engines differ. */
export interface Dialect {
  readonly engine: "sqlite" | "postgres";
  /** Column that counts rows up in the order of their insertion. */
  readonly serial: string;
  /** The same, without ever using a number again: for readers that ask what came after the last one they saw. */
  readonly counter: string;
  /** Behind a column of whole numbers: whether it is one of these. */
  isOneOf(numbers: readonly number[]): Statement;
  /** Column of bytes. */
  readonly bytes: string;
  /** End of a `create table` whose rows are stored in their key's order, where the engine can. */
  readonly inKeyOrder: string;
  /** End of a `create table` whose rows are long: kept in one piece. */
  readonly inOnePiece: string;
  /** Turns a JSON array of texts into rows of one column `value`; stands in a `from` clause. */
  textsOf(json: string): Statement;
  /** Behind a `select` that picks rows to claim: passes by those that another process is claiming. */
  readonly skipClaimed: string;
  /** Behind a `select`: nobody else changes or deletes the rows before the transaction ends. */
  readonly lockRows: string;
  /** Behind a `select`: nobody else deletes the rows before the transaction ends. */
  readonly keepRows: string;
  /** Whether a write failed because a key that must be unique is taken. */
  isTaken(error: unknown): boolean;
}

/** The database cannot be brought to the schema that this version knows. */
export class SchemaError extends Error {
  override readonly name: string = "SchemaError";
}

/** A schema that a newer version wrote: this one would damage it. */
export class NewerSchemaError extends SchemaError {
  override readonly name = "NewerSchemaError";
}

/** The disk is full or gone, the server cannot be reached: what was asked may work later. */
export class StorageUnavailableError extends Error {
  override readonly name = "StorageUnavailableError";
}
