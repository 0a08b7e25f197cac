import type { AgentDefinition } from "@muxi/formation";
import type { Logger } from "pino";
import type { JobBook, RequestOutcome, RequestQueue } from "../background/index.ts";
import type { Feed } from "../events/index.ts";
import type { Memory } from "../memory/index.ts";
import type { FormationModels } from "../models/index.ts";
import type { Observe, TokenReports, Watch } from "../observability/index.ts";
import type { RequestKind, Statement, Store } from "../store/index.ts";
import type { Asker, Tool } from "../tools/index.ts";
import type { RequestBudget } from "./budget.ts";
import type { CredentialDialogue } from "./credential-dialogue.ts";
import type { WindowSizes } from "./fit-window.ts";
import type { Procedures } from "./procedures.ts";
import type { Register } from "./register.ts";
import type { Runs } from "./runs.ts";
import type { OverlordSettings } from "./settings.ts";

/** The parts of the overlord. Each step takes those that it needs. */
export interface OverlordParts {
  formationId: string;
  settings: OverlordSettings;
  procedures: Pick<Procedures, "apply">;
  store: Pick<Store, "approvals" | "audit" | "hints" | "requests" | "sessions" | "write">;
  models: FormationModels;
  tools: {
    /** An agent's tools for a user in a session; undefined when it has none. */
    of: (agent: AgentDefinition, asker: Asker, budget: RequestBudget) => Promise<readonly Tool[]> | undefined;
    /** Ids of an agent's MCP servers that are still starting, so that their tools are missing. */
    startingFor: (agent: AgentDefinition) => readonly string[];
    /** What a request that begins now may spend. */
    newBudget: () => RequestBudget;
    /** Undefined where credentials are not given in the chat. */
    credentialDialogue: CredentialDialogue | undefined;
  };
  memory: Memory;
  /** Undefined where users can have no jobs. */
  jobs: JobBook | undefined;
  /** How long a request each model accepts, as far as this process has found out. */
  windows: WindowSizes;
  /** The requests that this process works on. */
  runs: Runs;
  register: Register;
  /** Holds the leases of this process, and accepts requests for the background. */
  queue: Pick<RequestQueue, "lease" | "confirm" | "announce" | "heed">;
  /** Further statements for the transaction that ends a request. */
  endings: (outcome: RequestOutcome, kind: RequestKind) => Statement[];
  telemetry: {
    log: Logger;
    observe: Observe;
    /** Told of calls to models and tools. */
    watch: Watch;
    /** Told of the tokens of each request that ends, with the model that answered. */
    tokens: Pick<TokenReports, "add">;
    /** Events that users may follow. */
    feed: Feed;
  };
  clock: {
    /** Unix milliseconds. */
    now: () => number;
    /** Milliseconds after which an unfinished answer is stopped. */
    answerTime: number;
  };
}
