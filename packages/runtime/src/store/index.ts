/** The database: schema, migrations, one repository per aggregate. */
export {
  createSessionRepository,
  type NewMessage,
  type NewStatement,
  type Owner,
  type SessionRepository,
  type StoredMessage,
} from "./sessions.ts";
export { type Database, NewerSchemaError, openSqlite } from "./sqlite.ts";
