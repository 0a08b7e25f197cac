import type { ModelConfig } from "@muxi/formation";
import type { HttpClient } from "@muxi/http";
import type { Model } from "../interface/index.ts";
import { createAnthropicModel } from "./anthropic.ts";
import { createGoogleModel } from "./google.ts";

/** Providers with an API of their own (docs/spec/formation-files.md "Providers"). */
export const ownApis: ReadonlyMap<string, (config: ModelConfig, http: HttpClient) => Model> = new Map([
  ["anthropic", createAnthropicModel],
  ["google", createGoogleModel],
]);
