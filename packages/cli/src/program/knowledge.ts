import type { Command } from "commander";
import type { KnowledgeOptions, KnowledgeSearchOptions } from "../commands/knowledge/index.ts";
import { parseCount, type Registration, withTarget } from "./options.ts";

const load = () => import("../commands/knowledge/index.ts");

/** `muxi knowledge search`, `sync` and `rebuild`. */
export const addKnowledgeCommands = (knowledge: Command, { context, run }: Registration): void => {
  const withSources = (command: Command): Command =>
    withTarget(command)
      .option("-a, --agent <id>", "only what this agent knows")
      .option("--source <id>", "only this source: its id, path or URL");
  withTarget(knowledge.command("search <question...>"))
    .description("show the passages that agents would quote from")
    .option("-a, --agent <id>", "only what this agent knows")
    .option("--limit <count>", "show at most this many passages of an agent", parseCount)
    .action((words: string[], options: KnowledgeSearchOptions) =>
      run(async () => (await load()).searchKnowledge(context, words, options)),
    );
  withSources(knowledge.command("sync"))
    .description("look at its sources, and read the documents that are new or changed")
    .action((options: KnowledgeOptions) => run(async () => (await load()).syncKnowledge(context, options)));
  withSources(knowledge.command("rebuild"))
    .description("read its documents anew, also those that have not changed")
    .action((options: KnowledgeOptions) =>
      run(async () => (await load()).rebuildKnowledge(context, options)),
    );
};
