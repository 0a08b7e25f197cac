import { at } from "../../ui/index.ts";
import { listing, type View } from "./content.ts";

/** Further views of docs/spec/cli.md "Views of a running formation", by their commands. */
export const details = {
  async "sessions show"(formation, sessionId = "") {
    return { data: await formation.getSession({ sessionId }) };
  },
  "jobs status": async (formation) => ({ data: await formation.getSchedulerConfig() }),
  "memory status": async (formation) => ({ data: await formation.getMemoryConfig() }),
  async "memory buffer"(formation) {
    const data = await formation.getUserBuffer();
    const row = (session: (typeof data.sessions)[number]) => [
      session.session_id,
      String(session.message_count),
      at(session.last_activity),
    ];
    return listing(data, data.sessions, ["SESSION", "MESSAGES", "LAST ACTIVITY"], row, "No messages");
  },
  "memory buffer status": async (formation) => ({ data: await formation.getBufferStats() }),
} satisfies Record<string, View>;
