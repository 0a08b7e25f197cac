import type { Migration } from "./migration.ts";

/**
 * A lesson knows its message, so that what is not learned yet is read with the memories of a user, and may be taken
 * from the end of its turn on. Lessons that are still there are those of ended turns, or soon will be.
 */
export const lessonsOfUsers: Migration = {
  name: "lessons of users",
  statements: () => [
    "alter table lesson add column message_seq bigint",
    `update lesson set due = said_at, message_seq = (
      select message.seq from session join message on message.session_seq = session.seq
      where session.formation_id = lesson.formation_id and session.id = lesson.session_id
        and message.request_id = lesson.request_id and message.role = 'user'
      order by message.seq limit 1)`,
    "create index lesson_by_user on lesson (formation_id, user_id, seq)",
  ],
};
