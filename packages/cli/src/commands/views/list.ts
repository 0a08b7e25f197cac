import { at } from "../../ui/index.ts";
import { listing, short, type View } from "./content.ts";
import { oneRequest, requestList } from "./request.ts";

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
  async knowledge(formation, agentId, limit) {
    const agentIds =
      agentId === undefined
        ? (await formation.getKnowledge()).agents.map((agent) => agent.agent_id)
        : [agentId];
    const lists = await Promise.all(
      agentIds.map((id) => formation.getKnowledgeDocuments({ agentId: id, limit })),
    );
    const all = lists.flatMap((list) => list.documents.map((each) => ({ agent_id: list.agent_id, ...each })));
    const row = ({ agent_id, document, state, passages, indexed_at: time }: (typeof all)[number]) => [
      agent_id,
      document,
      state,
      String(passages),
      at(time / 1000),
    ];
    const heading = ["AGENT", "DOCUMENT", "STATE", "PASSAGES", "READ"];
    return {
      ...listing({ documents: all }, all, heading, row, "No documents"),
      warnings: all.flatMap(({ document, failure }) =>
        failure === null ? [] : [`${document} cannot be read (${failure.code}): ${failure.reason}`],
      ),
    };
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
  async sessions(formation, sessionId, limit) {
    if (sessionId !== undefined) {
      const data = await formation.getSessionMessages({ sessionId, limit });
      // An unknown session has no messages either: that is an error.
      if (data.count === 0) await formation.getSession({ sessionId });
      return {
        data,
        lines: data.messages.map(({ role, content }) => `${role === "user" ? "›" : " "} ${content}`),
      };
    }
    const data = await formation.getSessions({ limit });
    const row = (session: (typeof data.sessions)[number]) => [
      session.session_id,
      at(session.last_activity),
      session.active ? "yes" : "no",
    ];
    return listing(data, data.sessions, ["SESSION", "LAST ACTIVITY", "ACTIVE"], row, "No sessions yet");
  },
  async requests(formation, requestId, limit) {
    if (requestId !== undefined) return oneRequest(await formation.getRequest({ requestId }));
    return requestList(await formation.getRequests({ limit }));
  },
  async approvals(formation) {
    const data = await formation.approvals.list();
    const row = (one: (typeof data.approvals)[number]) => [
      one.server,
      one.tool,
      one.session_id ?? "all",
      at(one.created_at),
    ];
    return listing(data, data.approvals, ["SERVER", "TOOL", "SESSION", "SINCE"], row, "No approvals");
  },
  async jobs(formation, jobId, limit) {
    if (jobId !== undefined) return { data: await formation.getSchedulerJob({ jobId }) };
    const data = await formation.getSchedulerJobs({ limit });
    const row = (job: (typeof data.jobs)[number]) => [
      job.id,
      job.user_id,
      job.schedule,
      at(job.next_run),
      job.status,
      job.title ?? "-",
      short(job.message),
    ];
    const heading = ["ID", "USER", "SCHEDULE", "NEXT RUN", "STATUS", "TITLE", "MESSAGE"];
    return listing(data, data.jobs, heading, row, "Nothing is scheduled");
  },
  async memory(formation, _, limit) {
    const data = await formation.getMemories({ limit });
    const row = (memory: (typeof data.memories)[number]) => [
      memory.id,
      at(memory.created_at),
      short(memory.content),
    ];
    return listing(data, data.memories, ["ID", "SINCE", "CONTENT"], row, "Nothing is remembered yet");
  },
  async credentials(formation, credentialId) {
    if (credentialId !== undefined) return { data: await formation.getCredential({ credentialId }) };
    const data = await formation.getCredentials();
    const row = (one: (typeof data.credentials)[number]) => [
      one.credential_id,
      one.service,
      one.name,
      one.credential_preview,
    ];
    return listing(data, data.credentials, ["ID", "SERVICE", "NAME", "VALUE"], row, "No credentials");
  },
  async users(formation, _, limit) {
    const data = await formation.getAllUserIdentifiers({ limit });
    const row = (one: (typeof data.identifiers)[number]) => [
      one.identifier,
      one.type,
      one.muxi_user_id,
      at(one.created_at),
    ];
    return listing(data, data.identifiers, ["IDENTIFIER", "TYPE", "USER", "SINCE"], row, "No users");
  },
  async logging(formation) {
    const data = await formation.getLoggingDestinations();
    const { destinations } = data.conversation;
    const row = (one: (typeof destinations)[number]) => [
      one.id,
      one.transport,
      one.level,
      one.format,
      one.enabled ? "yes" : "no",
    ];
    const heading = ["ID", "TRANSPORT", "LEVEL", "FORMAT", "ENABLED"];
    return listing(data, destinations, heading, row, "No destinations");
  },
  async audit(formation, _, limit) {
    const data = await formation.getAuditLog({ limit });
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
