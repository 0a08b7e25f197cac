import type { Generated } from "kysely";

interface SessionTable {
  formation_id: string;
  id: string;
  user_id: string;
  created_at: number;
  last_activity: number;
}

interface MessageTable {
  /** Order of the messages. */
  seq: Generated<number>;
  id: string;
  formation_id: string;
  session_id: string;
  user_id: string;
  request_id: string | null;
  role: string;
  content: string;
  agent_id: string | null;
  metadata: string | null;
  created_at: number;
}

/** What a user stated, each text once: the source of recall. */
interface StatementTable {
  seq: Generated<number>;
  formation_id: string;
  user_id: string;
  /** Hash of the text, which may be long. */
  digest: string;
  text: string;
  session_id: string;
  said_at: number;
}

interface StatementWordTable {
  /** Formation and user in one short key. */
  owner: string;
  word: string;
  statement_seq: number;
}

export interface Schema {
  session: SessionTable;
  message: MessageTable;
  statement: StatementTable;
  statement_word: StatementWordTable;
}
