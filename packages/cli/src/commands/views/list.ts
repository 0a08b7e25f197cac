import type { FormationClient } from "muxi-client";

/** The content of a view: data, and the same for people to read. */
export interface ViewContent {
  data: unknown;
  /** Rows under a heading. Without them, the data is printed as YAML. */
  table?: { heading: readonly string[]; rows: readonly (readonly string[])[]; empty: string };
  /** What to know about the rows. */
  warnings?: readonly string[];
  /** Lines to print instead. */
  lines?: readonly string[];
}

/** Reads a part of a running formation: a list, or with an argument the item of that name. */
export type View = (formation: FormationClient, argument: string | undefined) => Promise<ViewContent>;

/** Formats as `2026-01-31 09:05`, in this machine's time zone. */
const at = (time: string | number | null | undefined): string =>
  time === null || time === undefined
    ? "-"
    : new Date(typeof time === "number" ? time * 1000 : time).toLocaleString("sv-SE").slice(0, 16);

const widest = 70;

/** Shortens a text to one line of a terminal. */
const short = (text: string): string => {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > widest ? `${line.slice(0, widest - 1)}…` : line;
};

const listing = <Item>(
  data: unknown,
  items: readonly Item[],
  heading: readonly string[],
  row: (item: Item) => readonly string[],
  empty: string,
): ViewContent => ({ data, table: { heading, rows: items.map(row), empty } });

const textOf = (value: unknown): string => (typeof value === "string" ? value : "-");

/** The views of docs/spec/cli.md "Views of a running formation". */
export const views = {
  info: async (formation) => ({ data: await formation.getStatus() }),
  async agents(formation, agentId) {
    if (agentId !== undefined) return { data: await formation.getAgent({ agentId }) };
    const agents = await formation.getAgents();
    const row = (agent: (typeof agents)[number]) => [agent.id, agent.name, short(agent.description)];
    return listing({ agents }, agents, ["ID", "NAME", "DESCRIPTION"], row, "No agents");
  },
  async mcp(formation, serverId) {
    if (serverId !== undefined) return { data: await formation.getMcpServer({ serverId }) };
    const data = await formation.getMcpServers();
    const row = ({ id, type, status: { state, tools } }: (typeof data.servers)[number]) => [
      id,
      textOf(type),
      state,
      tools.length === 0 ? "-" : short(tools.join(", ")),
    ];
    return {
      ...listing(data, data.servers, ["ID", "TYPE", "STATE", "TOOLS"], row, "No MCP servers"),
      warnings: data.servers.flatMap(({ id, status: { problem, unusable_tools: unusable } }) => [
        ...(problem === undefined ? [] : [`${id} has failed: ${problem}`]),
        ...unusable.map(({ tool, reason }) => `${id} offers ${tool}, which cannot be used: ${reason}`),
      ]),
    };
  },
  async sops(formation, name) {
    if (name !== undefined) {
      const data = await formation.getSop({ name });
      return { data, lines: data.content.split("\n") };
    }
    const data = await formation.getSops();
    const row = (sop: (typeof data.sops)[number]) => [sop.name, short(sop.title)];
    return listing(data, data.sops, ["NAME", "TITLE"], row, "No procedures");
  },
  async triggers(formation, name) {
    if (name !== undefined) {
      const data = await formation.getTrigger({ name });
      return { data, lines: data.content.split("\n") };
    }
    const data = await formation.getTriggers();
    return listing(data, data.triggers, ["NAME"], (trigger) => [trigger], "No triggers");
  },
  async sessions(formation, sessionId) {
    if (sessionId !== undefined) {
      const data = await formation.getSessionMessages({ sessionId });
      return {
        data,
        lines: data.messages.map(({ role, content }) => `${role === "user" ? "›" : " "} ${content}`),
      };
    }
    const data = await formation.getSessions();
    const row = (session: (typeof data.sessions)[number]) => [
      session.session_id,
      at(session.last_activity),
      session.active ? "yes" : "no",
    ];
    return listing(data, data.sessions, ["SESSION", "LAST ACTIVITY", "ACTIVE"], row, "No sessions yet");
  },
  async requests(formation, requestId) {
    if (requestId !== undefined) return { data: await formation.getRequest({ requestId }) };
    const data = await formation.getRequests();
    const row = (request: (typeof data.requests)[number]) => [
      request.request_id,
      request.user_id,
      request.status,
      at(request.created_at),
    ];
    return listing(data, data.requests, ["REQUEST", "USER", "STATUS", "BEGUN"], row, "No requests");
  },
  async jobs(formation, jobId) {
    if (jobId !== undefined) return { data: await formation.getSchedulerJob({ jobId }) };
    const data = await formation.getSchedulerJobs();
    const row = (job: (typeof data.jobs)[number]) => [
      job.id,
      job.user_id,
      job.schedule,
      at(job.next_run),
      short(job.message),
    ];
    const heading = ["ID", "USER", "SCHEDULE", "NEXT RUN", "MESSAGE"];
    return listing(data, data.jobs, heading, row, "Nothing is scheduled");
  },
  async memory(formation) {
    const data = await formation.getMemories();
    const row = (memory: (typeof data.memories)[number]) => [
      memory.id,
      at(memory.created_at),
      short(memory.content),
    ];
    return listing(data, data.memories, ["ID", "SINCE", "CONTENT"], row, "Nothing is remembered yet");
  },
  async credentials(formation) {
    const data = await formation.getCredentials();
    const row = (one: (typeof data.credentials)[number]) => [
      one.credential_id,
      one.service,
      one.name,
      one.credential_preview,
    ];
    return listing(data, data.credentials, ["ID", "SERVICE", "NAME", "VALUE"], row, "No credentials");
  },
  async audit(formation) {
    const data = await formation.getAuditLog();
    const row = (entry: (typeof data.entries)[number]) => [
      at(entry.timestamp),
      entry.action,
      entry.resource_type,
      entry.resource_id ?? "-",
      entry.outcome,
    ];
    const heading = ["WHEN", "ACTION", "RESOURCE", "ID", "OUTCOME"];
    return listing(data, data.entries, heading, row, "Nothing was changed yet");
  },
} satisfies Record<string, View>;

export type ViewName = keyof typeof views;
