import type {
  CancelUpdateResult,
  DeployedFormationDetail,
  DeployedFormationList,
  DeployResult,
  DevResult,
  FormationLogs,
  LifecycleResult,
  RollbackResult,
  ServerHealth,
  ServerStatus,
  UpdateResult,
} from "@muxi/protocol/types";
import { fillPath, requireText } from "./http/arguments.ts";
import type { CallOptions, StreamOptions } from "./http/send.ts";
import { type BundleSource, openBundle, readManifest } from "./server/bundle.ts";
import { bundleTimeout, type ServerCall, ServerCaller } from "./server/caller.ts";
import type { FormationLogEvent, OperationEvent } from "./server/operations.ts";
import type { EventStream } from "./stream/event-stream.ts";

/** Names a formation of the server. */
export interface ForFormation {
  formationId: string;
}

/** A bundle, and what to say of it in place of what it says itself. */
export type Deployment = BundleSource & {
  formationId?: string | undefined;
  version?: string | undefined;
};

const bundleCall = async (method: "POST" | "PUT", deployment: Deployment): Promise<ServerCall> => {
  const bundle = openBundle(deployment);
  const { id, version } = await readManifest(bundle);
  const formationId = deployment.formationId ?? id;
  const digest = await bundle.digest();
  return {
    method,
    path: method === "POST" ? "/rpc/formations" : fillPath("/rpc/formations/{formationId}", { formationId }),
    headers: {
      "content-type": "application/gzip",
      "x-formation-id": formationId,
      "x-formation-version": deployment.version ?? version,
      ...(digest !== undefined && { "x-muxi-content-sha256": digest }),
    },
    body: bundle.body,
    // To deploy twice is not the same as once.
    repeatable: false,
    timeout: bundleTimeout,
  };
};

const act = (
  verb: "stop" | "start" | "restart" | "rollback" | "cancel-update",
  { formationId }: ForFormation,
) => ({
  method: "POST" as const,
  path: fillPath(`/rpc/formations/{formationId}/${verb}`, { formationId }),
  timeout: bundleTimeout,
});

/**
 * Manages the formations of one server (docs/spec/server-api.md "Clients of the server API").
 *
 * @example
 * const server = new ServerClient({ url: "http://127.0.0.1:7890", keyId, secretKey });
 * const { formation_id } = await server.deployFormation({ bundlePath: "my-bot.tar.gz" });
 */
export class ServerClient extends ServerCaller {
  /** The text `pong`. Needs no key. */
  async ping(options?: CallOptions): Promise<string> {
    return this.callOpen("/ping", options, (response) => response.text());
  }

  /** Whether the server answers, and its version. Needs no key. */
  async health(options?: CallOptions): Promise<ServerHealth> {
    return this.callOpen("/health", options);
  }

  /**
   * The server, its formations and its ports in numbers.
   *
   * @example
   * console.log((await server.status()).server.version);
   */
  async status(options?: CallOptions): Promise<ServerStatus> {
    return this.call({ path: "/rpc/server/status" }, options);
  }

  /** The last lines of the audit log, one JSON object per line. `lines` 1 to 10,000, default 100. */
  async getServerLogs(
    { lines }: { lines?: number | undefined } = {},
    options?: CallOptions,
  ): Promise<string> {
    return this.callText({ path: "/rpc/server/logs", query: { lines } }, options);
  }

  /**
   * All formations, with their state as it is now.
   *
   * @example
   * for (const { id, status } of (await server.listFormations()).formations) console.log(id, status);
   */
  async listFormations(options?: CallOptions): Promise<DeployedFormationList> {
    return this.call({ path: "/rpc/formations" }, options);
  }

  /** One formation. */
  async getFormation({ formationId }: ForFormation, options?: CallOptions): Promise<DeployedFormationDetail> {
    return this.call({ path: fillPath("/rpc/formations/{formationId}", { formationId }) }, options);
  }

  /**
   * Deploys a new formation: takes its id and version from the bundle and waits until it is healthy. Throws
   * `ConflictError` when the id is in use: `updateFormation` replaces a formation.
   *
   * @example
   * const { formation_id, url } = await server.deployFormation({ bundlePath: "my-bot.tar.gz" });
   */
  async deployFormation(deployment: Deployment, options?: CallOptions): Promise<DeployResult> {
    return this.call(await bundleCall("POST", deployment), options);
  }

  /** The same, step by step: `progress` events, then `complete`. */
  deployFormationStream(deployment: Deployment, options: StreamOptions = {}): EventStream<OperationEvent> {
    return this.stream<OperationEvent>(() => bundleCall("POST", deployment), "complete", options);
  }

  /** Replaces a formation without interrupting it. Throws `ConflictError` when nothing has changed. */
  async updateFormation(deployment: Deployment, options?: CallOptions): Promise<UpdateResult> {
    return this.call(await bundleCall("PUT", deployment), options);
  }

  /** The same, step by step. */
  updateFormationStream(deployment: Deployment, options: StreamOptions = {}): EventStream<OperationEvent> {
    return this.stream<OperationEvent>(() => bundleCall("PUT", deployment), "complete", options);
  }

  /** Breaks off an update that another call has begun. */
  async cancelUpdate(formation: ForFormation, options?: CallOptions): Promise<CancelUpdateResult> {
    return this.call(act("cancel-update", formation), options);
  }

  /** Goes back to the version before the last update. */
  async rollbackFormation(formation: ForFormation, options?: CallOptions): Promise<RollbackResult> {
    return this.call(act("rollback", formation), options);
  }

  /** The same, step by step. */
  rollbackFormationStream(formation: ForFormation, options: StreamOptions = {}): EventStream<OperationEvent> {
    return this.stream<OperationEvent>(act("rollback", formation), "complete", options);
  }

  /**
   * Stops a formation; it stays stopped until it is started. Throws `ConflictError` when it is stopped already.
   *
   * @example
   * await server.stopFormation({ formationId: "my-bot" });
   */
  async stopFormation(formation: ForFormation, options?: CallOptions): Promise<LifecycleResult> {
    return this.call(act("stop", formation), options);
  }

  /**
   * Starts a formation and waits until it is healthy. Throws `ConflictError` when it runs already.
   *
   * @example
   * await server.startFormation({ formationId: "my-bot" });
   */
  async startFormation(formation: ForFormation, options?: CallOptions): Promise<LifecycleResult> {
    return this.call(act("start", formation), options);
  }

  /** The same, step by step. */
  startFormationStream(formation: ForFormation, options: StreamOptions = {}): EventStream<OperationEvent> {
    return this.stream<OperationEvent>(act("start", formation), "complete", options);
  }

  /**
   * Stops a formation and starts it again: it is away for a moment.
   *
   * @example
   * await server.restartFormation({ formationId: "my-bot" });
   */
  async restartFormation(formation: ForFormation, options?: CallOptions): Promise<LifecycleResult> {
    return this.call(act("restart", formation), options);
  }

  /** The same, step by step. */
  restartFormationStream(formation: ForFormation, options: StreamOptions = {}): EventStream<OperationEvent> {
    return this.stream<OperationEvent>(act("restart", formation), "complete", options);
  }

  /** Stops a formation and removes its files. */
  async deleteFormation({ formationId }: ForFormation, options?: CallOptions): Promise<LifecycleResult> {
    return this.call(
      { method: "DELETE", path: fillPath("/rpc/formations/{formationId}", { formationId }) },
      options,
    );
  }

  /**
   * The files of a formation as a zip archive, without its keys.
   *
   * `includeDb`: also what it remembers, `memory.db`. Default false.
   */
  async downloadFormation(
    { formationId, includeDb = false }: ForFormation & { includeDb?: boolean | undefined },
    options?: CallOptions,
  ): Promise<Uint8Array> {
    const spec = {
      path: fillPath("/rpc/formations/{formationId}/download", { formationId }),
      query: { db: includeDb || undefined },
      timeout: bundleTimeout,
    };
    return this.callBytes(spec, options);
  }

  /**
   * The last lines that a formation wrote.
   *
   * `lines`: 1 to 10,000, default 100.
   */
  async getFormationLogs(
    {
      formationId,
      lines,
      stream,
    }: ForFormation & { lines?: number | undefined; stream?: "stdout" | "stderr" | "all" | undefined },
    options?: CallOptions,
  ): Promise<FormationLogs> {
    return this.call(
      { path: fillPath("/rpc/formations/{formationId}/logs", { formationId }), query: { lines, stream } },
      options,
    );
  }

  /**
   * What a formation writes from now on, until the loop is left.
   *
   * @example
   * for await (const { event, data } of server.streamFormationLogs({ formationId: "my-bot" })) {
   *   if (event === "log") console.log(data.line);
   * }
   */
  streamFormationLogs(
    { formationId, stream }: ForFormation & { stream?: "stdout" | "stderr" | "all" | undefined },
    options: StreamOptions = {},
  ): EventStream<FormationLogEvent> {
    const spec = {
      path: fillPath("/rpc/formations/{formationId}/logs", { formationId }),
      query: { follow: true, stream },
    };
    return this.stream<FormationLogEvent>(spec, undefined, options);
  }

  /**
   * Starts a formation folder as a draft and waits until it is healthy. Throws `ConflictError` when it runs already.
   *
   * `path`: absolute path of the folder on the server's machine.
   */
  async devRun({ path: folder }: { path: string }, options?: CallOptions): Promise<DevResult> {
    const json = { path: requireText("path", folder) };
    return this.call({ method: "POST", path: "/rpc/dev/run", json, timeout: bundleTimeout }, options);
  }

  /** Stops a draft. Throws `NotFoundError` when it does not run. */
  async devStop({ formationId }: ForFormation, options?: CallOptions): Promise<DevResult> {
    const json = { formation_id: requireText("formationId", formationId) };
    return this.call({ method: "POST", path: "/rpc/dev/stop", json }, options);
  }
}
