import type { TokensMessage, Usage } from "@muxi/protocol";
import { noUsage, sumOfUsage } from "../models/index.ts";

/** Reports of the tokens of requests that have ended. */
export interface TokenReports {
  add(model: string, usage: Usage): void;
  /** Sends what has not been reported yet. */
  flush(): Promise<void>;
}

/** Between two reports, in milliseconds. */
const reportEvery = 1_000;

/**
 * Adds up tokens, so that a busy process sends few messages.
 *
 * @param send Resolves when the message has left this process.
 */
export const createTokenReports = (send: (message: TokensMessage) => Promise<void>): TokenReports => {
  const waiting = new Map<string, Usage>();
  let timer: NodeJS.Timeout | undefined;

  const flush = async () => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.size === 0) return;
    const models = [...waiting].map(([model, usage]) => ({ model, usage }));
    waiting.clear();
    await send({ type: "tokens", models });
  };

  return {
    add(model, usage) {
      if (usage.total_tokens === 0) return;
      waiting.set(model, sumOfUsage(waiting.get(model) ?? noUsage, usage));
      timer ??= setTimeout(() => void flush(), reportEvery).unref();
    },
    flush,
  };
};
