import { isoTime } from "../base/index.ts";
import type { ApprovalRepository } from "../store/index.ts";
import type { Endpoints } from "./endpoint.ts";

interface ApprovalsDeps {
  formationId: string;
  approvals: Pick<ApprovalRepository, "list" | "revoke">;
}

/** The endpoints of docs/spec/formation-api.md "Remembered approvals". */
export const approvalEndpoints = ({ formationId, approvals }: ApprovalsDeps) =>
  ({
    async getApprovals({ userId }) {
      const remembered = await approvals.list({ formationId, userId });
      return {
        approvals: remembered.map(({ server, tool, sessionId, createdAt }) => ({
          server,
          tool,
          session_id: sessionId ?? null,
          created_at: isoTime(createdAt),
        })),
        count: remembered.length,
      };
    },

    async revokeApproval({ params: { server, tool }, query, userId }) {
      const revoked = await approvals.revoke(
        { formationId, userId },
        { server, tool, sessionId: query.session_id },
      );
      return { server, tool, revoked };
    },
  }) satisfies Partial<Endpoints>;
