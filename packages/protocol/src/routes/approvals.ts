import * as z from "zod";
import { lazy } from "../base/index.ts";
import { approvalListSchema, approvalRevokedSchema } from "../schemas/index.ts";
import { id } from "./parameters.ts";
import { type Route, route } from "./route.ts";

const ofUser = { tag: "Approvals", key: "either", user: "required", object: "approval_list" } as const;
const toolOfServer = lazy(() =>
  z.object({
    server: id("MCP server of the tool"),
    tool: z.string().min(1).max(256).describe("Name of the tool at that server"),
  }),
);
const ofSession = lazy(() =>
  z.object({
    session_id: z.string().optional().describe("Only the approval in this session; absent, all of the tool"),
  }),
);

/** What users have approved once and for all (docs/spec/formation-api.md "Remembered approvals"). */
export const approvalsRoutes = {
  getApprovals: route({
    ...ofUser,
    method: "GET",
    path: "/approvals",
    summary: "List the tools whose calls the user has approved once and for all",
    type: "approvals.listed",
    data: approvalListSchema,
  }),
  revokeApproval: route({
    ...ofUser,
    method: "DELETE",
    path: "/approvals/{server}/{tool}",
    summary: "Take back the user's approvals of a tool",
    params: toolOfServer,
    query: ofSession,
    type: "approvals.revoked",
    data: approvalRevokedSchema,
  }),
} as const satisfies Record<string, Route>;
