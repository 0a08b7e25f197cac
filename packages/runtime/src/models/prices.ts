import { type Manifest, splitModelId } from "@muxi/formation";

/** Tokens of which the price is asked. */
export interface PricedTokens {
  inputTokens: number;
  outputTokens: number;
  /** Of the input tokens, those from a provider's cache, and those that went into it. */
  cachedTokens: number;
  cacheWriteTokens: number;
}

/** What tokens of a model cost on a day, in US dollars; undefined when no price is known. */
export type PriceOf = (model: string, day: Date, tokens: PricedTokens) => number | undefined;

const million = 1_000_000;

/**
 * The prices of models (docs/spec/formation-api.md "Usage"): of the manifest, else of a package that notes what providers
 * asked when. It is loaded here: few calls ask for prices, and it holds thousands.
 */
export const openPrices = async ({ llm }: Pick<Manifest, "llm">): Promise<PriceOf> => {
  const { calcPrice } = await import("@pydantic/genai-prices");
  return (model, day, { inputTokens, outputTokens, cachedTokens, cacheWriteTokens }) => {
    const own = llm.prices[model];
    if (own) {
      const plain = inputTokens - cachedTokens - cacheWriteTokens;
      const { input, output, cached_input = input, cache_write = input } = own;
      const sum =
        plain * input + cachedTokens * cached_input + cacheWriteTokens * cache_write + outputTokens * output;
      return sum / million;
    }
    const { provider, name } = splitModelId(model) ?? { provider: "", name: model };
    // It runs here, and asks for nothing.
    if (provider === "builtin") return 0;
    const tokens = {
      input_tokens: inputTokens,
      output_tokens: outputTokens,
      cache_read_tokens: cachedTokens,
      cache_write_tokens: cacheWriteTokens,
    };
    return calcPrice(tokens, name, { providerId: provider, timestamp: day })?.total_price;
  };
};
