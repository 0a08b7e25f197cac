import type { Context } from "../../base/context.ts";
import { type ChangeOptions, change } from "./change.ts";

/** `muxi approvals revoke`: calls of a tool wait for a yes again. */
export const revokeApproval = (
  context: Context,
  server: string,
  tool: string,
  { session: sessionId, ...options }: ChangeOptions & { session?: string },
): Promise<number> =>
  change(
    context,
    options,
    (formation) => formation.approvals.revoke({ server, tool, sessionId }),
    () => `Calls of ${tool} of ${server} wait for a yes again`,
  );
