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
import {
  type CallOptions,
  fillPath,
  joined,
  readBody,
  requireObjects,
  requireSize,
  requireText,
  type StreamOptions,
  wholeText,
} from "./http/index.ts";
import {
  bundleTimeout,
  createServerCallers,
  type Deployment,
  type DeploymentCheck,
  type ForFormation,
  type FormationLogEvent,
  followBundle,
  followFormation,
  formationCall,
  manageFormation,
  type OperationEvent,
  type OutputFilter,
  type ServerCaller,
  type ServerClientOptions,
  sendBundle,
} from "./server/index.ts";
import type { EventStream } from "./stream/index.ts";

/** Bytes of a download that are read at most. It can hold all that a formation remembers. */
const longestDownload = 2 ** 31 - 1;

/**
 * Manages the formations of one server (docs/spec/server-api.md "Clients of the server API").
 *
 * @example
 * const server = new ServerClient({ url: "http://127.0.0.1:7890", keyId, secretKey });
 * const { formation_id } = await server.deployFormation({ bundlePath: "my-bot.tar.gz" });
 */
export class ServerClient {
  /** Where the calls go. */
  readonly baseUrl: string;
  readonly #open: ServerCaller;
  readonly #signed: ServerCaller;

  /** @throws ConfigurationError with the name of the option that cannot be used. */
  constructor(options: ServerClientOptions = {}) {
    const { baseUrl, open, signed } = createServerCallers(options);
    this.baseUrl = baseUrl;
    this.#open = open;
    this.#signed = signed;
  }

  /** Answers with the text `pong`. Needs no key. */
  ping(options?: CallOptions): Promise<string> {
    return this.#open.read({ path: "/ping" }, options, wholeText);
  }

  /** Tells whether the server answers, and its version. Needs no key. */
  health(options?: CallOptions): Promise<ServerHealth> {
    return this.#open.data({ path: "/health" }, options);
  }

  /**
   * Shows the server, its formations and its ports in numbers.
   *
   * @example
   * console.log((await server.status()).server.version);
   */
  status(options?: CallOptions): Promise<ServerStatus> {
    return this.#signed.data({ path: "/rpc/server/status" }, options);
  }

  /** Reads the end of the audit log, one JSON object per line. */
  async getServerLogs(
    args: {
      /** Lines to return, 1 to 10,000. Default 100. */
      lines?: number | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<string> {
    requireObjects("getServerLogs({ lines })", args, options);
    const { lines } = args;
    return this.#signed.read({ path: "/rpc/server/logs", query: { lines } }, options, wholeText);
  }

  /**
   * Lists all formations, with their state as it is now.
   *
   * @example
   * for (const { id, status } of (await server.listFormations()).formations) console.log(id, status);
   */
  listFormations(options?: CallOptions): Promise<DeployedFormationList> {
    return this.#signed.data({ path: "/rpc/formations" }, options);
  }

  /** Reads one formation. */
  getFormation(formation: ForFormation, options?: CallOptions): Promise<DeployedFormationDetail> {
    return manageFormation(this.#signed, "getFormation", "GET", "", formation, options);
  }

  /**
   * Deploys a new formation: takes its id and version from the bundle and waits until it is healthy. Throws
   * `ConflictError` when the id is in use: `updateFormation` replaces a formation.
   *
   * @example
   * const { formation_id, url } = await server.deployFormation({ bundlePath: "my-bot.tar.gz" });
   */
  deployFormation(deployment: Deployment, options?: CallOptions): Promise<DeployResult> {
    return sendBundle(this.#signed, "deployFormation", "POST", deployment, options);
  }

  /** Deploys a new formation and tells each step: `progress` events, then `complete`. */
  deployFormationStream(deployment: Deployment, options?: StreamOptions): EventStream<OperationEvent> {
    return followBundle(this.#signed, "deployFormationStream", "POST", deployment, options);
  }

  /** Replaces a formation without interrupting it. Throws `ConflictError` when nothing has changed. */
  updateFormation(deployment: Deployment, options?: CallOptions): Promise<UpdateResult> {
    return sendBundle(this.#signed, "updateFormation", "PUT", deployment, options);
  }

  /** Replaces a formation and tells each step. */
  updateFormationStream(deployment: Deployment, options?: StreamOptions): EventStream<OperationEvent> {
    return followBundle(this.#signed, "updateFormationStream", "PUT", deployment, options);
  }

  /** Cancels an update that another call has begun. */
  cancelUpdate(formation: ForFormation, options?: CallOptions): Promise<CancelUpdateResult> {
    return manageFormation(this.#signed, "cancelUpdate", "POST", "/cancel-update", formation, options);
  }

  /** Goes back to the version before the last update. */
  rollbackFormation(formation: ForFormation, options?: CallOptions): Promise<RollbackResult> {
    return manageFormation(this.#signed, "rollbackFormation", "POST", "/rollback", formation, options);
  }

  /** Goes back to the version before the last update and tells each step. */
  rollbackFormationStream(formation: ForFormation, options?: StreamOptions): EventStream<OperationEvent> {
    return followFormation(this.#signed, "rollbackFormationStream", "/rollback", formation, options);
  }

  /**
   * Stops a formation. It stays stopped until it is started. Throws `ConflictError` when it is stopped already.
   *
   * @example
   * await server.stopFormation({ formationId: "my-bot" });
   */
  stopFormation(formation: ForFormation, options?: CallOptions): Promise<LifecycleResult> {
    return manageFormation(this.#signed, "stopFormation", "POST", "/stop", formation, options);
  }

  /**
   * Starts a formation and waits until it is healthy. Throws `ConflictError` when it runs already.
   *
   * @example
   * await server.startFormation({ formationId: "my-bot" });
   */
  startFormation(formation: ForFormation, options?: CallOptions): Promise<LifecycleResult> {
    return manageFormation(this.#signed, "startFormation", "POST", "/start", formation, options);
  }

  /** Starts a formation and tells each step. */
  startFormationStream(formation: ForFormation, options?: StreamOptions): EventStream<OperationEvent> {
    return followFormation(this.#signed, "startFormationStream", "/start", formation, options);
  }

  /**
   * Stops a formation and starts it again. It does not answer in between.
   *
   * @example
   * await server.restartFormation({ formationId: "my-bot" });
   */
  restartFormation(formation: ForFormation, options?: CallOptions): Promise<LifecycleResult> {
    return manageFormation(this.#signed, "restartFormation", "POST", "/restart", formation, options);
  }

  /** Stops a formation, starts it again, and tells each step. */
  restartFormationStream(formation: ForFormation, options?: StreamOptions): EventStream<OperationEvent> {
    return followFormation(this.#signed, "restartFormationStream", "/restart", formation, options);
  }

  /** Stops a formation and removes its files. */
  deleteFormation(formation: ForFormation, options?: CallOptions): Promise<LifecycleResult> {
    return manageFormation(this.#signed, "deleteFormation", "DELETE", "", formation, options);
  }

  /**
   * Downloads the files of a formation as a zip archive, without its keys.
   */
  async downloadFormation(
    args: ForFormation & {
      /** Also download what it remembers, `memory.db`. Default false. */
      includeDb?: boolean | undefined;
    },
    options?: CallOptions,
  ): Promise<Uint8Array> {
    requireObjects("downloadFormation({ formationId, includeDb })", args, options);
    const { formationId, includeDb = false } = args;
    const spec = {
      path: fillPath("/rpc/formations/{formationId}/download", { formationId }),
      query: { db: includeDb || undefined },
      timeout: bundleTimeout,
      maxResponseSize: longestDownload,
    };
    return this.#signed.read(spec, options, async (response, most) => {
      const chunks: Uint8Array<ArrayBuffer>[] = [];
      const size = await readBody(response, most, (chunk) => chunks.push(chunk));
      requireSize(size, most);
      return new Uint8Array(await joined(chunks));
    });
  }

  /**
   * Reads everything that a formation is, as it is now: a response with a zip archive, the body unread. It holds the
   * secrets with their key and the API keys, so keep it encrypted.
   */
  async backupFormation(formation: ForFormation, options?: CallOptions): Promise<Response> {
    requireObjects("backupFormation({ formationId })", formation, options);
    const spec = { ...formationCall("GET", "/backup", formation), timeout: bundleTimeout };
    return this.#signed.read(spec, options, (response) => Promise.resolve(response));
  }

  /** Reads the end of a formation's output. */
  async getFormationLogs(
    args: OutputFilter & {
      /** Lines of each stream to return, 1 to 10,000. Default 100. */
      lines?: number | undefined;
    },
    options?: CallOptions,
  ): Promise<FormationLogs> {
    requireObjects("getFormationLogs({ formationId, lines, stream })", args, options);
    const { formationId, lines, stream } = args;
    const path = fillPath("/rpc/formations/{formationId}/logs", { formationId });
    return this.#signed.data({ path, query: { lines, stream } }, options);
  }

  /**
   * Follows a formation's output, from now until the loop is left.
   *
   * @example
   * for await (const { event, data } of server.streamFormationLogs({ formationId: "my-bot" })) {
   *   if (event === "log") console.log(data.line);
   * }
   */
  streamFormationLogs(args: OutputFilter, options: StreamOptions = {}): EventStream<FormationLogEvent> {
    requireObjects("streamFormationLogs({ formationId, stream })", args, options);
    const { formationId, stream } = args;
    const path = fillPath("/rpc/formations/{formationId}/logs", { formationId });
    const spec = { path, query: { follow: true, stream } };
    return this.#signed.stream<FormationLogEvent>(spec, undefined, options);
  }

  /**
   * Starts a formation folder as a draft and waits until it is healthy. Throws `ConflictError` when it runs already.
   */
  async devRun(
    args: {
      /** Absolute path of the folder on the server's machine. */
      path: string;
      /** What is checked, as for a deployment; a draft that is refused does not run. Default: nothing. */
      check?: DeploymentCheck | undefined;
      /** Variables for this run, in place of the server's; one that the formation does not read is refused. */
      environment?: Readonly<Record<string, string>> | undefined;
    },
    options?: CallOptions,
  ): Promise<DevResult> {
    requireObjects("devRun({ path, check, environment })", args, options);
    const { path, check, environment } = args;
    const json = { path: requireText("path", path), check, environment };
    return this.#signed.data({ method: "POST", path: "/rpc/dev/run", json, timeout: bundleTimeout }, options);
  }

  /** Stops a draft. Throws `NotFoundError` when it does not run. */
  async devStop(formation: ForFormation, options?: CallOptions): Promise<DevResult> {
    requireObjects("devStop({ formationId })", formation, options);
    const json = { formation_id: requireText("formationId", formation.formationId) };
    return this.#signed.data({ method: "POST", path: "/rpc/dev/stop", json }, options);
  }
}
