import type {
  CancelUpdateResult,
  DeployedFormation,
  DeployedFormationDetail,
  DeployedFormationList,
  LifecycleResult,
} from "@muxi/protocol";
import type { FastifyRequest } from "fastify";
import { Failure } from "../base/failure.ts";
import type { FormationState } from "../processes/index.ts";
import type { ReportProgress } from "../reader/index.ts";
import {
  cancelUpdate,
  type Deployment,
  type OperationKind,
  type Releases,
  remove,
  requireDeployment,
  restart,
  rollback,
  start,
  stop,
} from "../releases/index.ts";
import { type ReleaseRouteOptions, switched } from "./bundle-routes.ts";
import type { Handler } from "./handler.ts";
import { type OperationOutcome, respondWithOperation } from "./operation.ts";
import { formationIdOf, publicUrl } from "./parse.ts";

const probeTimeoutMs = 2000;

/** A formation's current state. `unhealthy` is derived for display only, and never stored. */
const describe = async (
  { supervisor, now }: Releases,
  { id, history }: Deployment,
): Promise<DeployedFormation> => {
  const formation = supervisor.get(id);
  const status = formation?.status ?? "starting";
  const healthy = status === "running" && (await supervisor.probe(id, probeTimeoutMs));
  return {
    id,
    name: history?.current.name ?? id,
    port: formation?.port ?? 0,
    pid: formation?.pid ?? 0,
    status: status === "running" && !healthy ? "unhealthy" : status,
    uptime:
      status === "running" && formation?.startedAt !== undefined
        ? Math.floor((now() - formation.startedAt) / 1000)
        : 0,
    restart_count: formation?.restartCount ?? 0,
    healthy: status === "starting" ? null : healthy,
    ...(history && {
      version: {
        semantic: history.current.semantic,
        current: history.current.bundle_hash,
        ...(history.previous && { previous: history.previous.bundle_hash }),
      },
    }),
  };
};

const describeFully = async (
  releases: Releases,
  deployment: Deployment,
): Promise<DeployedFormationDetail> => {
  const startedAt = releases.supervisor.get(deployment.id)?.startedAt ?? releases.now();
  const updated = new Date(startedAt).toISOString();
  const deployed = deployment.history?.current.deployed_at ?? updated;
  const { lastHealthCheck } = deployment;
  const [state, problems] = await Promise.all([
    describe(releases, deployment),
    // It may be too busy to say.
    releases.supervisor
      .problems(deployment.id, { wait: false, timeoutMs: probeTimeoutMs })
      .catch(() => undefined),
  ]);
  return {
    ...state,
    created_at: deployed,
    deployed_at: deployed,
    updated_at: updated,
    ...(lastHealthCheck && { last_health_check: new Date(lastHealthCheck.at).toISOString() }),
    ...(problems && { problems }),
  };
};

/**
 * Manages deployed formations (docs/spec/server-api.md "List and inspect formations", "Start, stop, restart, delete"
 * and "Rollback").
 */
export const createFormationHandlers = ({ releases, audit }: ReleaseRouteOptions) => {
  const { locks, log } = releases;

  /** A route whose operation can be followed step by step. */
  const operation =
    (
      kind: OperationKind,
      run: (
        request: FastifyRequest,
        id: string,
        report: ReportProgress,
        signal: AbortSignal,
      ) => Promise<OperationOutcome>,
    ): Handler =>
    (request, reply) =>
      respondWithOperation({ request, reply, settle: audit.settle(request), log }, (report) => {
        const id = formationIdOf(request);
        requireDeployment(releases, id);
        return locks.run(id, kind, (signal) => run(request, id, report, signal));
      });

  const started = (
    request: FastifyRequest,
    { formationId, port, pid, status, restartCount }: FormationState,
    message: string,
  ): OperationOutcome<LifecycleResult> => {
    const common = { status, port, restart_count: restartCount };
    return {
      status: 200,
      data: { id: formationId, ...common, message },
      complete: { formation_id: formationId, ...common, pid, url: publicUrl(request, formationId) },
    };
  };

  return {
    async list() {
      const formations = await Promise.all(
        [...releases.deployments.values()].map((deployment) => describe(releases, deployment)),
      );
      const data: DeployedFormationList = { formations, total: formations.length };
      return { success: true, data };
    },
    async get(request: FastifyRequest) {
      const deployment = requireDeployment(releases, formationIdOf(request));
      return { success: true, data: await describeFully(releases, deployment) };
    },
    start: operation("started", async (request, id, report, signal) =>
      started(request, await start(releases, id, report, signal), "Formation started"),
    ),
    restart: operation("restarted", async (request, id, report, signal) =>
      started(request, await restart(releases, id, report, signal), "Formation restarted"),
    ),
    rollback: operation("rolled back", async (request, id, report, signal) =>
      switched(request, await rollback(releases, id, report, signal), "Rolled back to previous version"),
    ),
    async stop(request: FastifyRequest) {
      const id = formationIdOf(request);
      requireDeployment(releases, id);
      await locks.run(id, "stopped", () => stop(releases, id));
      const data: LifecycleResult = { id, status: "stopped", message: "Formation stopped successfully" };
      return { success: true, data };
    },
    async remove(request: FastifyRequest) {
      const id = formationIdOf(request);
      requireDeployment(releases, id);
      const running = locks.get(id);
      // Deleting a formation that is being deployed cancels the deployment.
      if (running?.kind === "deployed") {
        await running.abort(
          new Failure(409, "Deleted", "The formation was deleted while it was being deployed"),
        );
      }
      if (releases.deployments.has(id)) await locks.run(id, "deleted", () => remove(releases, id));
      const data: LifecycleResult = { id, message: "Formation deleted successfully" };
      return { success: true, data };
    },
    async cancelUpdate(request: FastifyRequest): Promise<CancelUpdateResult> {
      const id = formationIdOf(request);
      const stagingPort = await cancelUpdate(releases, id);
      const { status, port } = releases.supervisor.get(id) ?? { status: "stopped", port: 0 };
      return {
        message: "Update cancelled successfully",
        formation_id: id,
        staging_port: stagingPort,
        status,
        current_port: port,
      };
    },
  } satisfies Record<string, Handler>;
};
