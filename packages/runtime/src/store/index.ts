/** The database: schema, migrations, one repository per aggregate. */

export { type Database, NewerSchemaError } from "./database.ts";
export {
  createSessionRepository,
  type NewMessage,
  type NewStatement,
  type Owner,
  type SessionRepository,
  type StoredMessage,
} from "./sessions.ts";
export { openSqlite } from "./sqlite.ts";
