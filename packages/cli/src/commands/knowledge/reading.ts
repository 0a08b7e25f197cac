import { setTimeout as delay } from "node:timers/promises";
import type { FormationClient } from "muxi-client";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { callFormation, type TargetOptions } from "../../target/index.ts";
import { createUi, type OutputFormat, progressBar, type Ui } from "../../ui/index.ts";

export interface KnowledgeOptions extends TargetOptions {
  output: OutputFormat;
  /** Only the sources of this agent. */
  agent?: string | undefined;
  /** Only this source. */
  source?: string | undefined;
}

const lookEvery = 300;
/** Milliseconds without anything new after which documents are not waited for any longer: one alone may take minutes. */
const longestStandstill = 1_800_000;

type AgentKnowledge = Awaited<ReturnType<FormationClient["getKnowledge"]>>["agents"][number];

/** Shows how far the documents of some agents are until they are read. */
const follow = async (
  formation: FormationClient,
  agentIds: readonly string[],
  show: (text: string) => void,
): Promise<void> => {
  // Not only the last one: what fails and begins again comes to the same over and over.
  const seen = new Set<string>();
  let newest = performance.now();
  while (true) {
    const { agents } = await formation.getKnowledge();
    const busy = agents.find((one) => agentIds.includes(one.agent_id) && one.state !== "ready");
    if (!busy) return;
    const now = JSON.stringify(
      agents.map((one) => [one.documents, one.passages, one.progress, one.indexed_at]),
    );
    if (!seen.has(now)) newest = performance.now();
    seen.add(now);
    if (performance.now() - newest > longestStandstill) {
      throw new CliError(
        `The documents of ${busy.agent_id} are not read: nothing new has come for ${longestStandstill / 60_000} minutes`,
        { hint: "The formation's output says why: muxi logs" },
      );
    }
    const { agent_id: agentId, progress } = busy;
    const bar = progress ? `  ${progressBar(progress.looked, progress.found)}` : "";
    show(`Reading the documents of ${agentId}${bar}`);
    await delay(lookEvery);
  }
};

/** Agents of a formation that have knowledge: the one that is named, or those that have the source that is named. */
const concerned = async (
  formation: FormationClient,
  { agent, source }: Pick<KnowledgeOptions, "agent" | "source">,
): Promise<AgentKnowledge[]> => {
  const { agents } = await formation.getKnowledge();
  return agents
    .filter(({ agent_id: id }) => agent === undefined || id === agent)
    .filter(({ sources }) => source === undefined || sources.includes(source));
};

type Outcome = Awaited<ReturnType<FormationClient["syncKnowledge"]>> & { unread: readonly string[] };

/** What is known of an agent's sources now. A call that waits would be cut after minutes, so this one comes at the end. */
const outcomeOf = async (
  formation: FormationClient,
  agentId: string,
  sourceId: string | undefined,
): Promise<Outcome> => {
  const synced = await formation.syncKnowledge({ agentId, sourceId }, { timeout: 0 });
  const { documents } = await formation.getKnowledgeDocuments({ agentId, state: "unread" });
  return {
    ...synced,
    unread: documents.map(({ document, failure }) => `${document} (${failure?.code}): ${failure?.reason}`),
  };
};

const tell = (ui: Ui, outcomes: readonly Outcome[]): void => {
  for (const { agent_id, results, unread } of outcomes) {
    for (const { source_id, documents, passages, error } of results) {
      if (error === undefined)
        ui.success(`${agent_id}: ${source_id} (${documents} documents, ${passages} passages)`);
      else ui.problem(`${agent_id}: ${source_id}`, [error]);
    }
    if (unread.length > 0) ui.warning(`${agent_id} cannot read all of its documents:`, unread);
  }
};

/** Asks for a look at sources, waits for it with a bar, and says what came of it. */
const read = async (
  context: Context,
  { output, agent, source, ...target }: KnowledgeOptions,
  ask: (formation: FormationClient, agent: AgentKnowledge) => Promise<unknown>,
): Promise<number> => {
  const ui = createUi(context, output);
  const outcomes = await callFormation(
    context,
    ui,
    { ...target, isForEveryone: true },
    async (formation, show) => {
      if (agent !== undefined) await formation.getAgent({ agentId: agent });
      const agents = await concerned(formation, { agent, source });
      if (agents.length === 0) {
        throw new CliError(
          source === undefined ? "There are no sources of knowledge" : `Unknown source '${source}'`,
          {
            hint: "Those that there are: muxi knowledge status --verbose",
          },
        );
      }
      for (const one of agents) await ask(formation, one);
      const agentIds = agents.map(({ agent_id }) => agent_id);
      await follow(formation, agentIds, show);
      return Promise.all(agentIds.map((agentId) => outcomeOf(formation, agentId, source)));
    },
  );
  ui.data({ agents: outcomes });
  tell(ui, outcomes);
  ui.bell();
  return outcomes.some(({ results }) => results.some(({ status }) => status === "failed")) ? 1 : 0;
};

/** `muxi knowledge sync` (docs/spec/cli.md "Changes to a running formation"). */
export const syncKnowledge = (context: Context, options: KnowledgeOptions): Promise<number> =>
  read(context, options, async (formation, { agent_id: agentId, sources, elsewhere = [] }) => {
    // The call at the end looks at them: asked for here too, each would be fetched twice.
    if (elsewhere.length === sources.length) return;
    await formation.syncKnowledge({ agentId, sourceId: options.source, wait: false });
  });

/** `muxi knowledge rebuild` (docs/spec/cli.md "Changes to a running formation"). */
export const rebuildKnowledge = (context: Context, options: KnowledgeOptions): Promise<number> =>
  read(context, options, (formation, { agent_id: agentId }) =>
    formation.rebuildKnowledge({ agentId, sourceId: options.source, wait: false }),
  );
