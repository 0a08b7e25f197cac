import type { AgentDefinition } from "@muxi/formation";
import type { Logger } from "pino";
import type { RequestOutcome, RequestQueue } from "../background/index.ts";
import type { Feed } from "../events/index.ts";
import type { Memory } from "../memory/index.ts";
import type { FormationModels } from "../models/index.ts";
import type { Observe, Watch } from "../observability/index.ts";
import type { Owner, RequestKind, Statement, Store } from "../store/index.ts";
import type { Tool } from "../tools/index.ts";
import type { ToolLimits } from "./agent-loop.ts";
import type { CredentialDialogue } from "./credential-dialogue.ts";
import type { WindowSizes } from "./fit-window.ts";
import type { Register } from "./register.ts";
import type { Runs } from "./runs.ts";
import type { OverlordSettings } from "./settings.ts";

/** What the overlord is made of. Each of its steps takes what it needs of it. */
export interface OverlordParts {
  formationId: string;
  settings: OverlordSettings;
  store: Pick<Store, "requests" | "sessions" | "write">;
  models: FormationModels;
  tools: {
    /** What an agent can do for a user; undefined when it can only talk. */
    of: (agent: AgentDefinition, owner: Owner) => Promise<readonly Tool[]> | undefined;
    /** Ids of an agent's servers that are still starting, so that their tools are missing. */
    startingFor: (agent: AgentDefinition) => readonly string[];
    limits: ToolLimits;
    /** Undefined where credentials are not given in the chat. */
    credentialDialogue: CredentialDialogue | undefined;
  };
  memory: Memory;
  /** How much models take, as far as this process has found out. */
  windows: WindowSizes;
  /** The requests that this process is at. */
  runs: Runs;
  register: Register;
  /** Holds the leases of this process, and takes what is answered in the background. */
  queue: Pick<RequestQueue, "lease" | "confirm" | "announce">;
  /** What follows from the end of a request, in the transaction that ends it. */
  endings: (outcome: RequestOutcome, kind: RequestKind) => Statement[];
  telemetry: {
    log: Logger;
    observe: Observe;
    /** Told of the calls of models and tools. */
    watch: Watch;
    /** What users may follow. */
    feed: Feed;
  };
  clock: {
    /** Unix milliseconds. */
    now: () => number;
    /** Milliseconds after which an answer is stopped that has not come to its end. */
    answerTime: number;
  };
}
