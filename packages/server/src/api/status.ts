import type { ServerStatus } from "@muxi/protocol";
import { version } from "../base/version.ts";
import type { Supervisor } from "../processes/index.ts";
import type { Handler } from "./handler.ts";

export interface StatusOptions {
  serverId: string;
  supervisor: Supervisor;
  /** Unix milliseconds. */
  now: () => number;
}

/**
 * `GET /rpc/server/status` (docs/spec/server-api.md "Server status"). Drafts are not counted, since they are not
 * deployed.
 */
export const createStatusHandler = ({ serverId, supervisor, now }: StatusOptions): Handler => {
  const startedAt = now();
  return () => {
    const formations = supervisor.list().filter(({ draft }) => !draft);
    const count = (...statuses: string[]): number =>
      formations.filter(({ status }) => statuses.includes(status)).length;
    const data: ServerStatus = {
      server: { id: serverId, version, uptime: Math.floor((now() - startedAt) / 1000) },
      formations: {
        total: formations.length,
        running: count("running"),
        stopped: count("stopped"),
        crashed: count("crashed"),
      },
      port_pool: supervisor.portCounts(),
      runtime: { type: "node", version: process.versions.node, platform: process.platform },
    };
    return { success: true, data };
  };
};
