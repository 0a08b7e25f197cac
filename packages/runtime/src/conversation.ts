import { type AgentDefinition, type Formation, readSops } from "@muxi/formation";
import type { Logger } from "pino";
import type { openAdministration } from "./administration.ts";
import { createQueue, newLeaseOwner, type Outcome } from "./background/index.ts";
import { createFeed } from "./events/index.ts";
import type { FormationModels } from "./formation-models.ts";
import type { Knowledge, Memory } from "./memory/index.ts";
import {
  cancelled,
  createAgentTools,
  createCredentialDialogue,
  createOverlord,
  createProcedures,
  createRegister,
  createRouter,
  createRuns,
  startPublication,
  taken,
} from "./overlord/index.ts";
import {
  createRequestRepository,
  type Database,
  type RequestKind,
  type SessionRepository,
  type Statement,
} from "./store/index.ts";
import { createToolbox, takesTyped } from "./tools/index.ts";

export interface ConversationDeps {
  formation: Formation;
  agents: readonly [AgentDefinition, ...AgentDefinition[]];
  database: Database;
  models: FormationModels;
  administration: Awaited<ReturnType<typeof openAdministration>>;
  sessions: SessionRepository;
  knowledge: Knowledge;
  memory: Memory;
  /** What follows from the end of a request, in the transaction that ends it. */
  endings: (outcome: Outcome, kind: RequestKind) => Statement[];
  /** Called once an end is on disk, and with it, where one was asked for, a webhook that tells of it. */
  onEnded: (kind: RequestKind, hasWebhook: boolean) => void;
  env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds after which the other processes of the database take over from one that shows no life. */
  leaseTime: number;
  /** Milliseconds after which an answer is stopped. */
  answerTime: number;
  now: () => number;
  log: Logger;
}

const toolLimitsOf = ({ manifest: { mcp } }: Formation) => ({
  rounds: mcp.max_tool_iterations,
  calls: mcp.max_tool_calls,
  repeatedErrors: mcp.max_repeated_errors,
  time: mcp.max_timeout_in_seconds * 1000,
  callTime: mcp.max_tool_timeout_in_seconds * 1000,
});

/** What answers: agents with their tools, the requests at work, and the queue of those in the background. */
export const openConversation = async (deps: ConversationDeps) => {
  const { formation, agents, database, models, administration, knowledge, env, leaseTime, now, log } = deps;
  const { id: formationId, manifest } = formation;
  const { clarification, response } = manifest.overlord;
  const requests = createRequestRepository(database);
  const runs = createRuns((run) => publication?.watch(run));
  const register = createRegister({ formationId, requests, runs, now, log });
  const feed = createFeed();
  const leaseOwner = newLeaseOwner();
  const toolbox = createToolbox({ formation, env, credentials: administration.credentials, log, now });
  const toolLimits = toolLimitsOf(formation);
  const { modelOf, visionModelOf, modelNamed } = models;
  const takesCredentials = [...toolbox.servers.values()].some(({ definition }) =>
    takesTyped(definition, administration.credentials),
  );

  const overlord = createOverlord({
    formationId,
    soul: formation.soul,
    agents,
    contextSize: manifest.memory.buffer.size,
    credentialDialogue: takesCredentials
      ? createCredentialDialogue({
          requests,
          keep: administration.keepCredential,
          maxAttempts: manifest.user_credentials.max_attempts,
          requireHttps: manifest.user_credentials.require_https,
          now,
        })
      : undefined,
    clarification: { style: clarification.style, maxRounds: clarification.max_rounds.direct },
    format: response.format,
    progress: response.progress,
    modelOf,
    visionModelOf,
    modelNamed,
    route: createRouter({ agents, model: agents.length > 1 ? models.routingModel() : undefined, log }),
    sessions: deps.sessions,
    memory: deps.memory,
    toolsFor: createAgentTools({ formation, toolbox, modelOf, knowledge, limits: toolLimits, now }),
    procedures: createProcedures(await readSops(formation.dir)),
    watch: administration.watch,
    toolLimits,
    answerTime: deps.answerTime,
    requests,
    lease: () => ({ owner: leaseOwner, until: now() + leaseTime }),
    confirmLease: () => queue.confirm(),
    runs,
    register,
    webhookUrl: manifest.async.webhook_url,
    write: (statements) => database.write(statements),
    endings: deps.endings,
    onEnded: deps.onEnded,
    onQueued: () => queue.announce(),
    feed,
    observe: administration.observability.observe,
    now,
    log,
  });
  const queue = createQueue({
    formationId,
    requests,
    leaseOwner,
    leaseTime,
    hints: database.hints,
    perform: overlord.perform,
    giveUp: overlord.giveUp,
    cancel: (requestId) => runs.get(requestId)?.stop(cancelled),
    atWork: () => runs.stored().map(({ identity }) => identity.requestId),
    lose: (requestId) => runs.get(requestId)?.stop(taken),
    now,
    log,
  });
  const publication =
    database.dialect.engine === "postgres"
      ? startPublication({ formationId, requests, runs, leaseOwner, log })
      : undefined;

  return {
    overlord,
    queue,
    runs,
    register,
    feed,
    toolbox,
    /** Whether users may type credentials that servers of the formation ask for. */
    takesCredentials,
    async close() {
      await queue.close();
      await publication?.close();
    },
  };
};
