import { isObject } from "@muxi/protocol";
import { readSourceUrl, resolveInside, sourceId } from "./base/index.ts";
import type { Loaded } from "./components.ts";
import type { AgentDefinition } from "./formation.ts";
import { describeLeftOut, knowledgeFiles } from "./knowledge.ts";
import type { LoadContext } from "./load-context.ts";
import type { KnowledgeConfig } from "./schema/knowledge.ts";
import { type KnowledgeSource, ofSourcesElsewhere } from "./schema/knowledge-source.ts";
import type { Manifest } from "./schema/manifest.ts";
import { findingAt } from "./validate.ts";

type FolderSource = KnowledgeSource & { path: string };

/** What there is to say about a field of a source. */
interface Remark {
  field: string;
  message: string;
  hint: string;
}

/** Fields of a folder's source that only sources elsewhere have. */
const idleIn = ({ document }: AgentDefinition, index: number): Remark[] => {
  const { sources } = isObject(document.knowledge) ? document.knowledge : {};
  const written: unknown = Array.isArray(sources) ? sources[index] : undefined;
  return ofSourcesElsewhere
    .filter((field) => isObject(written) && written[field] !== undefined)
    .map((field) => ({
      field,
      message: "has no effect: only sources with a url have it",
      hint: "Remove it",
    }));
};

const inFolder = async (dir: string, source: FolderSource, config: KnowledgeConfig): Promise<Remark[]> => {
  if ((await resolveInside(dir, source.path)) === undefined) {
    const message = `${source.path} does not exist in the formation folder, or is a link that leads out of it`;
    const hint = "Correct the path, which is relative to the formation folder, or add the documents";
    return [{ field: "path", message, hint }];
  }
  const left = describeLeftOut(await knowledgeFiles(dir, source, config), source, config);
  return left.map((remark) => ({ field: "path", ...remark }));
};

const elsewhere = ({ url = "", ref, headers, schedule }: KnowledgeSource, isScheduled: boolean): Remark[] => {
  const read = readSourceUrl(url);
  const isRepository = "kind" in read && read.kind === "git";
  const remarks: Remark[] = [];
  if (!isRepository && ref !== undefined) {
    const message = "has no effect: only repositories have it";
    remarks.push({ field: "ref", message, hint: "Remove it, or write the address as git+https://….git" });
  }
  if (isRepository && Object.keys(headers).length > 0) {
    const message = "has no effect for a repository";
    remarks.push({ field: "headers", message, hint: "Use auth" });
  }
  if (!isScheduled && schedule !== "@startup") {
    const message = "has no effect without the scheduler: the source is read at the start only";
    remarks.push({ field: "schedule", message, hint: "Set scheduler.enabled: true, or remove it" });
  }
  return remarks;
};

/** Sources elsewhere that are called the same, which a sync could not tell apart. */
const repeated = (sources: readonly KnowledgeSource[], index: number): boolean => {
  const idOf = (source: KnowledgeSource | undefined) => source?.url !== undefined && sourceId(source);
  const id = idOf(sources[index]);
  return id !== false && sources.slice(0, index).some((source) => idOf(source) === id);
};

/** Warns of knowledge that will not be read (docs/spec/formation-files.md "Knowledge"). */
export const checkKnowledge = async (
  { dir, report }: LoadContext,
  { scheduler }: Manifest,
  agents: readonly Loaded<AgentDefinition>[],
): Promise<void> => {
  for (const { definition, place } of agents) {
    const { knowledge } = definition;
    if (!knowledge?.enabled) continue;
    for (const [index, source] of knowledge.sources.entries()) {
      const path = ["knowledge", "sources", index];
      const remarks =
        source.path === undefined
          ? elsewhere(source, scheduler.enabled)
          : [
              ...idleIn(definition, index),
              ...(await inFolder(dir, { ...source, path: source.path }, knowledge)),
            ];
      if (source.description === undefined) {
        remarks.unshift({
          field: "description",
          message: "is missing",
          hint: "Say in it what the source is about",
        });
      }
      for (const { field, message, hint } of remarks) {
        report.warnings.push(findingAt(place, [...path, field], message, hint));
      }
      if (repeated(knowledge.sources, index)) {
        const message = `is called ${sourceId(source)}, as another source of the agent is`;
        report.errors.push(findingAt(place, path, message, "Give each source an id of its own"));
      }
    }
  }
};
