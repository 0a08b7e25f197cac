import type { ApprovalList, ApprovalRevoked } from "@muxi/protocol/types";
import type { CallOptions, Result } from "../../http/index.ts";
import { access, endpoint, type ForUser } from "../index.ts";

/** What users have approved once and for all (docs/spec/formation-api.md "Remembered approvals"). */
export interface ApprovalMethods {
  /** Lists the tools whose calls the user has approved once and for all, newest first. */
  list(args?: ForUser, options?: CallOptions): Promise<Result<ApprovalList>>;

  /** Takes the user's approvals of a tool back: its calls wait for a yes again. */
  revoke(
    args: ForUser & {
      /** MCP server of the tool. */
      server: string;
      /** Name of the tool at that server. */
      tool: string;
      /** Only the approval in this session; absent, all of the tool. */
      sessionId?: string | undefined;
    },
    options?: CallOptions,
  ): Promise<Result<ApprovalRevoked>>;
}

export const createApprovals = (): ApprovalMethods => ({
  list: endpoint("getApprovals", "GET", "/approvals", access.user, {}),
  revoke: endpoint("revokeApproval", "DELETE", "/approvals/{server}/{tool}", access.user, {
    sessionId: true,
  }),
});
