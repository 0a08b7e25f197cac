import type { MemoryOrigin } from "muxi-client";
import { CliError } from "../../base/errors.ts";
import { at } from "../../ui/index.ts";
import { listing, short, type View } from "./content.ts";

/** Where a memory comes from, as titles and values. */
const originFields = (origin: MemoryOrigin) => ({
  source: origin.source_id === null ? origin.source : `${origin.source} ${origin.source_id}`,
  said: origin.quote ?? "",
  session: origin.session_id ?? "",
  message: origin.message_id ?? "",
});

/** Further views of docs/spec/cli.md "Views of a running formation", by their commands. */
export const details = {
  async "sessions show"(formation, sessionId = "") {
    return { data: await formation.getSession({ sessionId }) };
  },
  async "sessions queue"(formation, sessionId = "") {
    const data = await formation.getSessionQueue({ sessionId });
    const row = (one: (typeof data.messages)[number]) => [
      one.request_id,
      at(one.created_at),
      one.on_busy,
      short(one.message),
    ];
    return listing(data, data.messages, ["REQUEST", "SINCE", "WHEN BUSY", "MESSAGE"], row, "Nothing waits");
  },
  async "knowledge status"(formation) {
    const data = await formation.getKnowledge();
    const row = (one: (typeof data.agents)[number]) => [
      one.agent_id,
      one.progress ? `${one.state} ${one.progress.looked}/${one.progress.found}` : one.state,
      String(one.documents),
      String(one.unread),
      String(one.passages),
      at(one.indexed_at === null ? null : one.indexed_at / 1000),
    ];
    const heading = ["AGENT", "STATE", "DOCUMENTS", "UNREAD", "PASSAGES", "AS OF"];
    return listing(data, data.agents, heading, row, "No agent has knowledge");
  },
  "jobs status": async (formation) => ({ data: await formation.getSchedulerConfig() }),
  "memory status": async (formation) => ({ data: await formation.getMemoryConfig() }),
  async "memory why"(formation, memoryId = "") {
    const data = await formation.getMemory({ memoryId });
    return {
      data,
      fields: {
        memory: data.content,
        since: at(data.valid_from),
        ...originFields(data.origin),
        pinned: data.pinned ? "yes" : "",
        expires: data.expires_at === null ? "" : at(data.expires_at),
      },
      lines: data.history.map(
        ({ content, valid_from, valid_to }) => `${at(valid_from)} to ${at(valid_to)}: ${content}`,
      ),
    };
  },
  async "memory lint"(formation) {
    const data = await formation.lintMemory();
    const { users, memories, faults } = data.report;
    const row = ({ kind, user_id, reason, memories: [newest, ...others] }: (typeof faults)[number]) => [
      kind,
      user_id,
      short(reason),
      newest === undefined ? "" : `${newest.id} ${short(newest.content)}`,
      others.map(({ id }) => id).join(" "),
    ];
    const heading = ["FAULT", "USER", "REASON", "MEMORY", "OLDER"];
    const none = `No faults in ${memories} memories of ${users} users`;
    return listing(data, faults, heading, row, none);
  },
  async "memory buffer"(formation) {
    const data = await formation.getUserBuffer();
    const row = (session: (typeof data.sessions)[number]) => [
      session.session_id,
      String(session.message_count),
      at(session.last_activity),
    ];
    return listing(data, data.sessions, ["SESSION", "MESSAGES", "LAST ACTIVITY"], row, "No messages");
  },
  async "credentials services"(formation) {
    const data = await formation.getCredentialServices();
    const row = (one: (typeof data.services)[number]) => [one.service, one.server_id, short(one.description)];
    return listing(data, data.services, ["SERVICE", "SERVER", "DESCRIPTION"], row, "No services");
  },
  async "users identifiers"(formation, identifier) {
    if (identifier === undefined) {
      throw new CliError("Whose identifiers?", { hint: "Use --user <id>, or for all of them: muxi users" });
    }
    const { muxi_user_id: muxiUserId } = await formation.resolveUser({ identifier });
    const data = await formation.getUserIdentifiers({ muxiUserId });
    const row = (one: (typeof data.identifiers)[number]) => [one.identifier, one.type, at(one.created_at)];
    return listing(data, data.identifiers, ["IDENTIFIER", "TYPE", "SINCE"], row, "No identifiers");
  },
  "users resolve": async (formation, identifier = "") => ({
    data: await formation.resolveUser({ identifier }),
  }),
  "logging status": async (formation) => ({ data: await formation.getLoggingConfig() }),
  "memory buffer status": async (formation) => ({ data: await formation.getBufferStats() }),
} satisfies Record<string, View>;
