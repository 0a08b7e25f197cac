/** What both engines share: the interface of a database, SQL statements, and errors. */

export {
  type Database,
  type Dialect,
  type Hint,
  type Hints,
  type HintTopic,
  NewerSchemaError,
  SchemaError,
  StorageUnavailableError,
  storageRetryAfter,
  textRows,
} from "./database.ts";
export {
  joined,
  list,
  type SqlValue,
  type Statement,
  sql,
  type WriteResult,
} from "./statement.ts";
