import { type Manifest, splitModelId } from "@muxi/formation";

/** What requests of a model have used together. */
export interface PricedTokens {
  requests: number;
  inputTokens: number;
  outputTokens: number;
  /** Of the input tokens, those from a provider's cache, and those that went into it. */
  cachedTokens: number;
  cacheWriteTokens: number;
}

/** What requests of a model cost on a day, in US dollars; undefined when no price is known. */
export type PriceOf = (model: string, day: Date, used: PricedTokens) => number | undefined;

const million = 1_000_000;

/**
 * The prices of models (docs/spec/formation-api.md "Usage"): of the manifest, else of a package that notes what providers
 * asked when. It is loaded here: few calls ask for prices, and it holds thousands.
 */
export const openPrices = async ({ llm }: { llm: Pick<Manifest["llm"], "prices"> }): Promise<PriceOf> => {
  const { calcPrice } = await import("@pydantic/genai-prices");
  return (model, day, { requests, inputTokens: input, outputTokens: output, ...cached }) => {
    // Some providers tell of more than there was.
    const cachedTokens = Math.min(cached.cachedTokens, input);
    const cacheWriteTokens = Math.min(cached.cacheWriteTokens, input - cachedTokens);
    const own = llm.prices[model];
    if (own) {
      const { cached_input = own.input, cache_write = own.input } = own;
      const plain = (input - cachedTokens - cacheWriteTokens) * own.input + output * own.output;
      return (plain + cachedTokens * cached_input + cacheWriteTokens * cache_write) / million;
    }
    const { provider, name } = splitModelId(model) ?? { provider: "", name: model };
    // It runs here, and asks for nothing.
    if (provider === "builtin") return 0;
    // A long request is dearer with some models, a short one among many is not.
    const ofOne = (tokens: number) => tokens / requests;
    const tokens = {
      input_tokens: ofOne(input),
      output_tokens: ofOne(output),
      cache_read_tokens: ofOne(cachedTokens),
      cache_write_tokens: ofOne(cacheWriteTokens),
    };
    const price = calcPrice(tokens, name, { providerId: provider, timestamp: day });
    return price === null ? undefined : price.total_price * requests;
  };
};
