import type { Environment, Formation } from "@muxi/formation";
import type { ProxyChoice } from "@muxi/http";
import type { Logger } from "pino";
import type { TargetPolicy } from "../background/index.ts";
import { knowingAgents, type SourcesElsewhere, type UnderstandingOf } from "../knowledge/index.ts";
import type { Store } from "../store/index.ts";

/** Begins to look at the sources elsewhere of a formation; undefined where no agent has one. */
export const openElsewhere = async ({
  formation,
  store,
  understandingOf,
  policy,
  proxy,
  env,
  log,
}: {
  formation: Formation;
  store: Store;
  understandingOf: UnderstandingOf;
  policy: TargetPolicy;
  proxy: ProxyChoice | undefined;
  env: Environment;
  log: Logger;
}): Promise<SourcesElsewhere | undefined> => {
  const agents = knowingAgents(formation);
  if (!agents.some(({ config }) => config.sources.some(({ url }) => url !== undefined))) return undefined;
  const { scheduler } = formation.manifest;
  // Loaded by those who need it: most formations have their documents in their folder.
  const { openSourceSyncs } = await import("./syncs.ts");
  return openSourceSyncs({
    ...{ formation, agents, understandingOf, policy, proxy, env, log },
    stored: store.knowledge,
    vectors: store.knowledgeVectors,
    sources: store.knowledgeSources,
    zone: scheduler.enabled ? scheduler.timezone : undefined,
    now: store.now,
  });
};
