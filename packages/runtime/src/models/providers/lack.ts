import { setTimeout as delay } from "node:timers/promises";
import type { ModelConfig } from "@muxi/formation";
import { asError } from "@muxi/http";
import { isObject } from "@muxi/protocol";
import { keyPlaces, ModelError } from "../interface/index.ts";
import { loadModel } from "./ai-sdk.ts";
import { compatibleProviders } from "./compatible.ts";
import type { ImportPackage } from "./import-package.ts";
import { ownApis } from "./own-apis.ts";

export const missingKey = (config: ModelConfig): string =>
  `The key of ${config.provider} is missing: set ${keyPlaces(config)}`;

/** How long a package may look for credentials on the network of its cloud, in milliseconds. */
const longest = 2_000;

const prompt = [{ role: "user", content: [{ type: "text", text: "?" }] }];

/**
 * Only the package knows where its credentials come from: it is called with a signal that is aborted already, and so
 * says what it lacks and sends nothing.
 */
const lackOfPackage = async (
  config: ModelConfig,
  importPackage: ImportPackage,
): Promise<string | undefined> => {
  try {
    const model = await loadModel(config, importPackage);
    const asked = Promise.resolve(model.doStream({ prompt, abortSignal: AbortSignal.abort() }));
    const answer = await Promise.race([asked, delay(longest, undefined, { ref: false })]);
    if (isObject(answer) && answer.stream instanceof ReadableStream) await answer.stream.cancel();
    return undefined;
  } catch (error) {
    if (error instanceof ModelError) return error.message;
    const { name, message } = asError(error);
    if (name === "AI_LoadAPIKeyError") return missingKey(config);
    return name === "AI_LoadSettingError" ? message : undefined;
  }
};

/** Whether a provider runs on the machine itself and asks for no key. */
export const needsNoKey = (provider: string): boolean =>
  Object.hasOwn(compatibleProviders, provider) && compatibleProviders[provider]?.needsNoKey === true;

/** What a model lacks before it can be asked; undefined when nothing. */
export const lackOf = async (
  config: ModelConfig,
  importPackage: ImportPackage,
): Promise<string | undefined> => {
  const { provider, apiKey, settings } = config;
  // A server that the formation names may want no key.
  if (provider === "builtin" || settings.baseUrl !== undefined) return undefined;
  if (!Object.hasOwn(compatibleProviders, provider) && !ownApis.has(provider)) {
    return lackOfPackage(config, importPackage);
  }
  return apiKey !== undefined || needsNoKey(provider) ? undefined : missingKey(config);
};
