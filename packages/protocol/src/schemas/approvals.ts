import * as z from "zod";
import { count, isoTime, named, orNull, text } from "../base/index.ts";

const tool = () => ({
  server: text("MCP server that offers the tool"),
  tool: text("Name of the tool at that server"),
});

/** docs/spec/formation-api.md "Remembered approvals". */
export const approvalListSchema = named(
  "ApprovalList",
  "Tools whose calls a user has approved once and for all.",
  () =>
    z.object({
      approvals: z
        .array(
          z.object({
            ...tool(),
            session_id: orNull(text("Session that it holds in; null for all of the user")),
            created_at: isoTime("When it was given"),
          }),
        )
        .describe("The approvals, newest first"),
      count: count("approvals"),
    }),
);

export const approvalRevokedSchema = named("ApprovalRevoked", "Calls of a tool wait for a yes again.", () =>
  z.object({ ...tool(), revoked: count("approvals that were taken back") }),
);
