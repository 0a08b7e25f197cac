import { totalmem } from "node:os";
import { type Environment, type Formation, overlordModelFor } from "@muxi/formation";
import type { HttpClient } from "@muxi/http";
import type { Logger } from "pino";
import type { Knowledge } from "../knowledge/index.ts";
import { createModel, defaultModelConfig, type Embedders, packagesOf } from "../models/index.ts";
import type { Store } from "../store/index.ts";
import { createMemoryEntries, type MemoryEntries, noMemoryEntries } from "./entries.ts";
import { createModelLearner, createRuleLearner, type Learner, nothingLearned } from "./learner.ts";
import { createMemory, type Memory } from "./memory.ts";
import { createOwnMemories } from "./own-memories.ts";
import { startReindexing } from "./reindex.ts";
import { summariseByRules } from "./rule-summary.ts";
import { createMemorySearch } from "./search.ts";
import { createSessionSummaries, noSessionSummaries } from "./session-summaries.ts";
import { summariseWith } from "./summarise.ts";
import { createSynopses, noSynopses } from "./synopsis.ts";
import { createMemoryLint, startUpkeep } from "./upkeep.ts";
import { createVectorSearch, type VectorSearch } from "./vectors.ts";

export interface MemoryDeps {
  formation: Formation;
  store: Pick<
    Store,
    | "forgetting"
    | "ingestions"
    | "lessons"
    | "memories"
    | "retentionTurns"
    | "summaries"
    | "synopses"
    | "vectors"
  >;
  knowledge: Knowledge;
  embedders: Embedders;
  http: HttpClient;
  /** Where providers' keys are looked up. */
  env: Environment;
  now: () => number;
  log: Logger;
}

const megabyte = 2 ** 20;

/**
 * Bytes for vectors. With `auto`: a tenth of the machine's memory, 64 to 1,024 MB (docs/spec/formation-files.md
 * "Manifest: memory").
 */
const cacheBytes = (setting: number | "auto"): number =>
  setting === "auto"
    ? Math.min(Math.max(totalmem() / 10, 64 * megabyte), 1024 * megabyte)
    : setting * megabyte;

const openVectors = ({ formation, store, embedders, log }: MemoryDeps): VectorSearch | undefined => {
  const { ofMemories: model, vectorOf } = embedders;
  if (!model) return undefined;
  const vectors = createVectorSearch({
    formationId: formation.id,
    model,
    vectorOf,
    vectors: store.vectors,
    maxBytes: cacheBytes(formation.manifest.memory.working.max_memory_mb),
    log,
  });
  vectors.wake();
  return vectors;
};

/**
 * Builds a formation's memory from its settings (docs/spec/formation-files.md "Manifest: memory").
 *
 * @throws ApiError `INVALID_PARAMETER` when a model is not usable as configured
 */
export const openMemory = (deps: MemoryDeps): { memory: Memory; entries: MemoryEntries } => {
  const { formation, store, knowledge, http, env, now, log } = deps;
  const { persistent } = formation.manifest.memory;
  if (!persistent.enabled) {
    return {
      memory: createMemory({ longTerm: undefined, own: undefined, knowledge }),
      entries: noMemoryEntries,
    };
  }
  const { memories } = store;
  const vectors = openVectors(deps);
  const reindexing = startReindexing(formation.id, memories, log);
  const search = createMemorySearch({ memories, vectors, now });
  const modelConfig = overlordModelFor(formation, "base", env) ?? defaultModelConfig(env);
  const model = createModel(modelConfig, { http, log, importPackage: packagesOf(formation.dir) });
  const isBuiltIn = modelConfig.provider === "builtin";
  const synopses =
    persistent.user_synopsis.enabled && !isBuiltIn
      ? createSynopses({
          model,
          memories,
          synopses: store.synopses,
          cacheTtl: persistent.user_synopsis.cache_ttl,
          now,
          log,
        })
      : noSynopses;
  const { captains_log: captainsLog, compaction } = formation.manifest.memory;
  const idleMinutes = captainsLog?.session_idle_minutes ?? 0;
  const idleTime = idleMinutes === 0 ? undefined : idleMinutes * 60_000;
  const summaries =
    compaction.flush_enabled || idleTime !== undefined
      ? createSessionSummaries({
          formationId: formation.id,
          summaries: store.summaries,
          summarise: isBuiltIn ? summariseByRules : summariseWith(model),
          idleTime,
          now,
          log,
        })
      : noSessionSummaries;
  const { timezone: zone } = formation.manifest.scheduler;
  const lint = createMemoryLint({ formationId: formation.id, memories, now });
  const { enabled: isLinted, schedule } = formation.manifest.memory.lint;
  const upkeep = isLinted
    ? startUpkeep({ formationId: formation.id, lint, turns: store.retentionTurns, schedule, zone, now, log })
    : undefined;
  const onLearned = () => vectors?.wake();

  const openLearner = (): Learner => {
    if (!persistent.extraction) return nothingLearned;
    if (isBuiltIn) return createRuleLearner({ memories, now });
    return createModelLearner({
      formationId: formation.id,
      model,
      maxTokens: formation.manifest.overlord.llm.max_extraction_tokens,
      zone,
      memories,
      lessons: store.lessons,
      search,
      synopses,
      onLearned,
      now,
      log,
    });
  };

  return {
    memory: createMemory({
      longTerm: {
        memories,
        search,
        vectors,
        learner: openLearner(),
        synopses,
        summaries,
        background: [reindexing, ...(upkeep ? [upkeep] : [])],
      },
      own: createOwnMemories({ memories, forgetting: store.forgetting, search, now }),
      knowledge,
    }),
    entries: createMemoryEntries({
      memories,
      ingestions: store.ingestions,
      lint,
      onAdded: onLearned,
      async onDeleted(owner) {
        summaries.asked();
        await synopses.clear(owner);
      },
      now,
    }),
  };
};
