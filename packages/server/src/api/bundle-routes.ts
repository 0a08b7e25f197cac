import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { type DeployResult, headers, type RollbackResult, type UpdateResult } from "@muxi/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Failure } from "../base/failure.ts";
import { checkFormationId, receiveBundle } from "../bundles/index.ts";
import type { ReportProgress } from "../reader/index.ts";
import {
  type Deployed,
  type DeployRequest,
  deploy,
  type OperationKind,
  type Releases,
  requireDeployment,
  requireNew,
  update,
  type VersionSwitch,
} from "../releases/index.ts";
import type { Audit } from "./audit.ts";
import type { Handler } from "./handler.ts";
import { type OperationOutcome, respondWithOperation } from "./operation.ts";
import { checkOf, formationIdOf, headerOf, publicUrl, takenDataOf } from "./parse.ts";

export interface ReleaseRouteOptions {
  releases: Releases;
  audit: Audit;
}

const archiveTypes = ["application/gzip", "application/x-gzip", "application/octet-stream"];

const deployed = (
  request: FastifyRequest,
  { formation: { formationId, port, pid = 0, status }, problems, leftOut }: Deployed,
): OperationOutcome<DeployResult> => {
  const data: DeployResult = {
    formation_id: formationId,
    id: formationId,
    port,
    status,
    url: publicUrl(request, formationId),
    health_url: `http://localhost:${port}/v1/health`,
    pid,
    ...(problems.length > 0 && { problems }),
    ...(leftOut.length > 0 && { left_out: leftOut }),
  };
  return { status: 201, data, complete: data };
};

/** The result of an update or a rollback. */
export const switched = (
  request: FastifyRequest,
  { formation, history }: VersionSwitch,
  message: string,
): OperationOutcome<RollbackResult> => {
  const { formationId, port, pid = 0, status } = formation;
  const [version, previous] = [history.current.version, history.previous?.version ?? 0];
  const common = { formation_id: formationId, port, pid, status, url: publicUrl(request, formationId) };
  return {
    status: 200,
    data: { id: formationId, ...common, version, previous_version: previous, message },
    complete: { ...common, new_version: String(version), previous_version: String(previous) },
  };
};

/** Deploys or updates a formation. The caller holds its lock. */
export type ReleaseOperation = (
  releases: Releases,
  request: FastifyRequest,
  wanted: DeployRequest,
  report: ReportProgress,
  signal: AbortSignal,
) => Promise<OperationOutcome>;

export const runDeploy: ReleaseOperation = async (releases, request, wanted, report, signal) =>
  deployed(request, await deploy(releases, wanted, report, signal));

export const runUpdate: ReleaseOperation = async (releases, request, wanted, report, signal) => {
  const result = await update(releases, wanted, report, signal);
  const outcome = switched(request, result, "Formation updated with zero downtime");
  const { problems, leftOut } = result;
  const found = {
    ...(problems.length > 0 && { problems }),
    ...(leftOut.length > 0 && { left_out: leftOut }),
  };
  const data: UpdateResult = { ...outcome.data, deployment_type: "blue-green", ...found };
  return { ...outcome, data, complete: { ...outcome.complete, ...found } };
};

/** What is done with a bundle. */
interface BundleOperation {
  kind: OperationKind;
  id: string;
  run: ReleaseOperation;
  /** The version that the bundle must have; undefined allows any. */
  version: string | undefined;
}

const versionOf = (request: FastifyRequest): string | undefined =>
  headerOf(request, headers.formationVersion);

const checkArchive = (request: FastifyRequest): void => {
  const type = headerOf(request, "content-type") ?? "";
  if (archiveTypes.some((archive) => type.includes(archive))) return;
  const message = `Content-Type is '${type}': send the bundle as application/gzip`;
  throw new Failure(400, "InvalidContentType", message);
};

/** `POST /rpc/formations` and `PUT /rpc/formations/{id}` (docs/spec/server-api.md "Deploy" and "Update"). */
export const createBundleHandlers = ({ releases, audit }: ReleaseRouteOptions) => {
  const { settings, locks, log } = releases;

  const receive = (request: FastifyRequest, file: string): Promise<string> => {
    const { body } = request;
    if (!(body instanceof Readable)) {
      throw new Failure(400, "ExtractError", "The request has no body: send the formation as a tar.gz");
    }
    const length = headerOf(request, "content-length");
    return receiveBundle({
      body,
      file,
      maxBytes: settings.bundle.maxBytes,
      announced: {
        bytes: length === undefined ? undefined : Number(length),
        sha256: headerOf(request, headers.contentSha256),
      },
    });
  };

  /** Saves the request body to disk, then runs the operation on it. */
  const withBundle = async (
    request: FastifyRequest,
    reply: FastifyReply,
    { kind, id, run, version }: BundleOperation,
  ): Promise<FastifyReply> => {
    const check = checkOf(request);
    const takes = takenDataOf(request);
    const bundle = join(settings.temporaryDirectory, `${randomUUID()}.tar.gz`);
    const lock = locks.acquire(id, kind);
    let hash: string;
    try {
      hash = await receive(request, bundle);
    } catch (error) {
      lock.release();
      throw error;
    }
    return respondWithOperation({ request, reply, settle: audit.settle(request), log }, async (report) => {
      try {
        const wanted = { id, version, source: { bundle, takes }, hash, check };
        return await run(releases, request, wanted, report, lock.signal);
      } finally {
        await rm(bundle, { force: true });
        // Before the response is sent: the client may then start the next operation at once.
        lock.release();
      }
    });
  };

  const deployAs = (
    request: FastifyRequest,
    reply: FastifyReply,
    id: string,
    version: string | undefined,
  ): Promise<FastifyReply> => {
    checkFormationId(id);
    requireNew(releases, id);
    return withBundle(request, reply, { kind: "deployed", id, run: runDeploy, version });
  };
  const updateTo = (
    request: FastifyRequest,
    reply: FastifyReply,
    version: string | undefined,
  ): Promise<FastifyReply> => {
    const id = formationIdOf(request);
    requireDeployment(releases, id);
    return withBundle(request, reply, { kind: "updated", id, run: runUpdate, version });
  };

  return {
    deploy(request, reply) {
      checkArchive(request);
      const id = headerOf(request, headers.formationId);
      if (id === undefined) throw new Failure(400, "MissingHeader", "The header X-Formation-ID is missing");
      return deployAs(request, reply, id, versionOf(request) ?? "1.0.0");
    },
    update: (request, reply) => updateTo(request, reply, versionOf(request) ?? "1.0.0"),
    /** Published SDKs name the formation in the path, and no version. */
    deployByPath(request, reply) {
      checkArchive(request);
      return deployAs(request, reply, formationIdOf(request), versionOf(request));
    },
    updateByPost(request, reply) {
      checkArchive(request);
      return updateTo(request, reply, versionOf(request));
    },
  } satisfies Record<string, Handler>;
};
