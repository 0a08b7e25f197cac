import type { UsageReport } from "@muxi/protocol/types";
import type { CallOptions, Result } from "../../http/index.ts";
import { access, endpoint } from "../index.ts";

/** What a report of usage is about. */
export interface UsageQuery {
  /** First time or day, ISO 8601. Default: 30 days before `to`. */
  from?: string | undefined;
  /** Time or day before which requests were made, ISO 8601. Default: now. */
  to?: string | undefined;
  /** What requests are taken together by, with commas between: `user`, `agent`, `model`, `day`. Default: `model`. */
  groupBy?: string | undefined;
}

/** Tokens and cost of requests. Needs the admin key (docs/spec/formation-api.md "Usage"). */
export interface UsageMethods {
  /**
   * Reports what requests have used and what that cost in US dollars. A cost is null where no price is known.
   *
   * @example
   * const { total } = await formation.usage.get({ from: "2026-11-01", groupBy: "model,day" });
   */
  get(query?: UsageQuery, options?: CallOptions): Promise<Result<UsageReport>>;
}

export const createUsage = (): UsageMethods => ({
  get: endpoint("getUsage", "GET", "/usage", access.admin, { from: true, to: true, groupBy: true }),
});
