import { ApiError } from "@muxi/protocol";
import type { PriceOf } from "../models/index.ts";
import type { UsageRepository, UsedTokens } from "../store/index.ts";
import type { Endpoints } from "./endpoint.ts";
import { timeOf } from "./times.ts";

const dayLasts = 86_400_000;
const daysByDefault = 30;
/** Days that a report may be about, and rows that it has. */
const mostDays = 3_700;
const mostRows = 10_000;

interface Spent extends Omit<UsedTokens, "userId" | "agentId" | "model" | "day"> {
  cost: number | undefined;
  unpriced: number;
}

const nothing: Spent = {
  requests: 0,
  failed: 0,
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  cost: undefined,
  unpriced: 0,
};

const together = (one: Spent, other: Spent): Spent => ({
  requests: one.requests + other.requests,
  failed: one.failed + other.failed,
  inputTokens: one.inputTokens + other.inputTokens,
  outputTokens: one.outputTokens + other.outputTokens,
  cachedTokens: one.cachedTokens + other.cachedTokens,
  cacheWriteTokens: one.cacheWriteTokens + other.cacheWriteTokens,
  cost: one.cost === undefined ? other.cost : one.cost + (other.cost ?? 0),
  unpriced: one.unpriced + other.unpriced,
});

const shown = (spent: Spent) => ({
  requests: spent.requests,
  failed_requests: spent.failed,
  input_tokens: spent.inputTokens,
  output_tokens: spent.outputTokens,
  cached_tokens: spent.cachedTokens,
  cache_write_tokens: spent.cacheWriteTokens,
  // Sums of fractions have digits that no price has.
  cost: spent.cost === undefined ? null : Number(spent.cost.toPrecision(12)),
  unpriced_requests: spent.unpriced,
});

const tooMuch = () =>
  new ApiError(
    "INVALID_PARAMETER",
    "The report would be too large: ask for a shorter time or for fewer groups",
  );

/** `GET /usage` (docs/spec/formation-api.md "Usage"). */
export const usageEndpoints = ({
  formationId,
  usage,
  prices,
  now,
}: {
  formationId: string;
  usage: UsageRepository;
  /** Loaded with the first report. */
  prices: () => Promise<PriceOf>;
  now: () => number;
}) =>
  ({
    async getUsage({ query: { from: first, to: last, group_by: groups } }) {
      const to = last === undefined ? now() : timeOf("to", last);
      const from = first === undefined ? to - daysByDefault * dayLasts : timeOf("from", first);
      if (from >= to) throw new ApiError("INVALID_PARAMETER", "from: must be before to");
      const by = (group: (typeof groups)[number]) => groups.includes(group);
      if (to - from > mostDays * dayLasts) throw tooMuch();
      const priceOf = await prices();

      const rows = new Map<string, { names: object; spent: Spent }>();
      let total = nothing;
      const add = (each: UsedTokens) => {
        const day = new Date(each.day * dayLasts);
        const cost = priceOf(each.model, day, each);
        const spent = { ...each, cost, unpriced: cost === undefined ? each.requests : 0 };
        total = together(total, spent);
        const names = {
          ...(by("user") && { user_id: each.userId }),
          ...(by("agent") && { agent_id: each.agentId }),
          ...(by("model") && { model: each.model }),
          ...(by("day") && { day: day.toISOString().slice(0, 10) }),
        };
        const key = JSON.stringify(names);
        rows.set(key, { names, spent: together(rows.get(key)?.spent ?? nothing, spent) });
      };
      const apart = { user: by("user"), agent: by("agent") };
      for await (const used of usage.of(formationId, { from, to }, apart)) {
        used.forEach(add);
        if (rows.size > mostRows) throw tooMuch();
      }

      const tokensOf = ({ inputTokens, outputTokens }: Spent) => inputTokens + outputTokens;
      const sorted = [...rows.values()].sort(
        ({ spent: one }, { spent: other }) =>
          (other.cost ?? 0) - (one.cost ?? 0) || tokensOf(other) - tokensOf(one),
      );
      return {
        from: new Date(from).toISOString(),
        to: new Date(to).toISOString(),
        currency: "USD" as const,
        rows: sorted.map(({ names, spent }) => ({ ...names, ...shown(spent) })),
        total: shown(total),
      };
    },
  }) satisfies Partial<Endpoints>;
