/** What both engines have in common: a database, the SQL it takes, and the errors it answers with. */

export {
  type Database,
  type Dialect,
  type Hints,
  type HintTopic,
  NewerSchemaError,
  SchemaError,
  StorageUnavailableError,
} from "./database.ts";
export { list, type SqlValue, type Statement, sql, type WriteResult } from "./statement.ts";
