import type { Environment, Formation } from "@muxi/formation";
import { createPlaces } from "@muxi/http";
import type { openAdministration } from "./administration.ts";
import { createRequestQueue, newLeaseOwner } from "./background/index.ts";
import type { Knowledge } from "./knowledge/index.ts";
import type { Embedders } from "./models/index.ts";
import {
  createAgentTools,
  createCredentialDialogue,
  createExpiry,
  createOverlord,
  createRegister,
  createRuns,
  createWindowSizes,
  type OverlordParts,
  openProcedures,
  RequestBudget,
  readSettings,
  startPublication,
  taken,
  toolLimitsOf,
} from "./overlord/index.ts";
import type { Store } from "./store/index.ts";
import { createToolbox, takesTyped } from "./tools/index.ts";

export interface ConversationDeps
  extends Pick<OverlordParts, "models" | "memory" | "jobs" | "endings" | "telemetry" | "clock"> {
  formation: Formation;
  store: Store;
  administration: Awaited<ReturnType<typeof openAdministration>>;
  knowledge: Pick<Knowledge, "search">;
  embedders: Embedders;
  /** The admin key. */
  secret: string;
  env: Environment;
  /** Milliseconds after which a process that does not renew its leases has lost them. */
  leaseTime: number;
}

/** Calls to models and servers of tools that all requests have under way, besides the first one of each. */
const mostCallsAtOnce = 512;

/**
 * The parts of a formation that answer: agents with their tools, the active requests, and the queue of background
 * requests.
 */
export const openConversation = async (deps: ConversationDeps) => {
  const { formation, store, models, administration, telemetry, clock, env, leaseTime } = deps;
  const { id: formationId, manifest } = formation;
  const { requests } = store;
  const { log } = telemetry;
  const { now } = clock;
  const leaseOwner = newLeaseOwner();
  const runs = createRuns();
  const register = createRegister({ formationId, requests, runs, now, log });
  const queue = createRequestQueue({
    formationId,
    requests,
    leaseOwner,
    leaseTime,
    hints: store.hints,
    heed: (requestId, what) => runs.get(requestId)?.heed(what),
    atWork: () => runs.stored().map(({ identity }) => identity.requestId),
    lose: (requestId) => runs.get(requestId)?.stop(taken),
    now,
    log,
  });
  const publication = store.isShared
    ? startPublication({ formationId, requests, runs, leaseOwner, log })
    : undefined;

  const toolbox = createToolbox({
    formation,
    env,
    credentials: administration.credentials,
    approvals: store.approvals,
    log,
    now,
  });
  const limits = toolLimitsOf(formation);
  const places = createPlaces(mostCallsAtOnce);
  const windows = createWindowSizes();
  /** Whether users may type credentials that servers of the formation ask for. */
  const takesCredentials = toolbox.servers.some(({ definition }) =>
    takesTyped(definition, administration.credentials),
  );
  const tools = {
    of: createAgentTools({
      formation,
      toolbox,
      modelOf: models.modelOf,
      visionModelOf: models.visionModelOf,
      documents: deps.memory.documents,
      knowledge: deps.knowledge,
      summaries: store.summaries,
      windows,
      citing: manifest.overlord.response.citations,
      timezone: manifest.scheduler.timezone,
      now,
      log,
    }),
    startingFor: toolbox.startingFor,
    newBudget: () => new RequestBudget({ limits, now, places }),
    credentialDialogue: takesCredentials
      ? createCredentialDialogue({
          formationId,
          hints: store.hints,
          secret: deps.secret,
          requests,
          keep: administration.keepCredential,
          maxAttempts: manifest.user_credentials.max_attempts,
          requireHttps: manifest.user_credentials.require_https,
          now,
        })
      : undefined,
  };

  const procedures = await openProcedures({ dir: formation.dir, embedders: deps.embedders, log });
  const overlord = createOverlord({
    formationId,
    settings: readSettings(formation),
    procedures,
    store,
    models,
    tools,
    memory: deps.memory,
    jobs: deps.jobs,
    windows,
    runs,
    register,
    queue,
    endings: deps.endings,
    telemetry,
    clock,
  });

  const expiry = createExpiry({ formationId, endings: deps.endings, store, telemetry, clock });
  expiry.wake();

  return {
    overlord,
    queue,
    runs,
    register,
    toolbox,
    takesCredentials,
    async close() {
      await expiry.close();
      await queue.close();
      await publication?.close();
      await procedures.close();
    },
  };
};
