import { isoTime } from "../base/index.ts";
import type { SessionRepository } from "../store/index.ts";
import type { Endpoints } from "./endpoint.ts";
import { readPart } from "./list-page.ts";
import { placeOfSession } from "./sessions.ts";

interface HistoryDeps {
  formationId: string;
  sessions: SessionRepository;
}

const longestTitle = 200;
/** Number of newest messages that are shown as the sources of a conversation. */
const mostSources = 20;

/** The conversations of a user (docs/spec/formation-api.md "History"). */
export const historyEndpoints = ({ formationId, sessions }: HistoryDeps) =>
  ({
    async getHistory({ query, userId }) {
      const owner = { formationId, userId };
      const { date_from: from = 0, date_to: to = Number.MAX_SAFE_INTEGER } = query;
      const { rows, next } = await readPart(
        query,
        (page) => sessions.history(owner, { ...page, from, to }),
        placeOfSession,
      );
      const sourcesOf = async (sessionId: string) => {
        const { messages } = await sessions.messages(owner, sessionId, { limit: mostSources });
        return messages.map(({ id, role, content, createdAt }) => ({
          message_id: id,
          role,
          content,
          timestamp: isoTime(createdAt),
        }));
      };
      const entries = await Promise.all(
        rows.map(async ({ id, title, messageCount, createdAt, lastActivity }) => ({
          id,
          session_id: id,
          title: (title ?? "").slice(0, longestTitle),
          message_count: messageCount,
          created_at: isoTime(createdAt),
          last_activity: isoTime(lastActivity),
          ...(query.include_sources && { sources: await sourcesOf(id) }),
        })),
      );
      return { entries, count: entries.length, next };
    },
  }) satisfies Partial<Endpoints>;
