import type { Context } from "../../base/context.ts";
import { callFormation, type TargetOptions } from "../../target/index.ts";
import { createUi, type OutputFormat } from "../../ui/index.ts";

export interface KnowledgeSearchOptions extends TargetOptions {
  output: OutputFormat;
  /** Only what this agent knows. */
  agent?: string | undefined;
  /** Most passages of an agent. */
  limit?: number;
}

/** `muxi knowledge search`: what the agents would quote from (docs/spec/cli.md "Views of a running formation"). */
export const searchKnowledge = async (
  context: Context,
  words: readonly string[],
  { output, agent, limit, ...options }: KnowledgeSearchOptions,
): Promise<number> => {
  const ui = createUi(context, output);
  const query = words.join(" ");
  const found = await callFormation(context, ui, { ...options, isForEveryone: true }, async (formation) => {
    const agents =
      agent === undefined ? (await formation.getKnowledge()).agents.map(({ agent_id: id }) => id) : [agent];
    return Promise.all(agents.map((agentId) => formation.searchKnowledge({ agentId, query, limit })));
  });
  ui.data({ query, agents: found });
  for (const { agent_id, passages } of found) {
    for (const { place, score, text } of passages) {
      ui.line(`${ui.colours.bold(`${agent_id}: ${place}`)} ${ui.colours.dim(score.toFixed(2))}`);
      for (const line of text.split("\n")) ui.line(`  ${line}`);
      ui.line();
    }
  }
  if (found.every(({ passages }) => passages.length === 0)) ui.line("Nothing is found");
  return 0;
};
