import { type ModelConfig, providerPackage } from "@muxi/formation";
import { asError } from "@muxi/http";
import { type FinishReason, isObject, type JsonObject, type Usage } from "@muxi/protocol";
import { countOf, isTooDeep, textOf } from "../../base/index.ts";
import type { Model, ModelDelta, ModelRequest } from "../interface/index.ts";
import {
  cutOffError,
  emptyAnswerError,
  eventError,
  ModelError,
  malformedEventError,
  networkError,
  responseError,
  timeoutError,
  usageOf,
} from "../interface/index.ts";
import { callOptions } from "./ai-sdk-options.ts";
import { AnswerBounds } from "./answer-bounds.ts";
import { argumentsOf, wholeArguments } from "./call-arguments.ts";
import { createCallIds } from "./call-ids.ts";
import { finishReasonOf } from "./finish-reason.ts";
import { type ImportPackage, isFunction } from "./import-package.ts";
import { ThoughtFilter } from "./think-tags.ts";

const finishReasons = new Map<string, FinishReason>([
  ["stop", "stop"],
  ["length", "length"],
  ["tool-calls", "tool_calls"],
  ["content-filter", "content_filter"],
]);

/** What makes models, and has the makers of other kinds of models as properties. */
type Provider = Readonly<Record<string, unknown>>;

const isProvider = (value: unknown): value is Provider =>
  (typeof value === "object" && value !== null) || isFunction(value);

/** Finds the provider's own `createCohere`, `createAzure`, … among the exports. */
const factoryOf = (module: unknown, packageName: string) => {
  const wanted = `create${packageName.replaceAll("-", "")}`;
  for (const [name, value] of Object.entries(isObject(module) ? module : {})) {
    if (name.toLowerCase() === wanted && isFunction(value)) return value;
  }
  return undefined;
};

/**
 * The provider that a package makes: a function, or an object, that makes models.
 *
 * @throws ModelError when the package is missing or makes none
 */
export const loadProvider = async (config: ModelConfig, importPackage: ImportPackage) => {
  const { provider, apiKey } = config;
  const packageName = providerPackage(provider);
  const specifier = `@ai-sdk/${packageName}`;
  if (!/^[a-z0-9-]+$/.test(packageName)) {
    throw new ModelError(
      "LLM_NOT_CONFIGURED",
      `'${provider}' of ${config.id} is not the name of a model provider`,
    );
  }
  const module = await importPackage(specifier).catch((reason) => {
    throw new ModelError(
      "LLM_NOT_CONFIGURED",
      `The provider '${provider}' needs the package ${specifier}: run npm install ${specifier}. For a server that ` +
        "speaks OpenAI's API, set settings.base_url of the model instead",
      { cause: asError(reason) },
    );
  });
  const createProvider = factoryOf(module, packageName);
  const made = createProvider?.(apiKey === undefined ? {} : { apiKey });
  if (isProvider(made)) return { provider: made, packageName: specifier };
  throw new ModelError(
    "LLM_NOT_CONFIGURED",
    `The package ${specifier} exports no known way to create a model`,
  );
};

/** @throws ModelError when its package is missing or offers no such model */
export const loadModel = async (config: ModelConfig, importPackage: ImportPackage) => {
  const { provider, packageName } = await loadProvider(config, importPackage);
  const model = isFunction(provider) ? provider(config.name) : undefined;
  if (typeof model === "object" && model !== null && "doStream" in model && isFunction(model.doStream)) {
    return { doStream: model.doStream.bind(model) };
  }
  throw new ModelError(
    "LLM_NOT_CONFIGURED",
    `The package ${packageName} exports no known way to create a language model`,
  );
};

/**
 * Older versions of the packages give numbers, newer ones split them: `{ total, cacheRead, cacheWrite }`. The counts of
 * older packages of Anthropic's leave out of the input what came from the cache or went into it.
 */
const readUsage = (usage: JsonObject, metadata: unknown): Usage => {
  const { inputTokens, outputTokens, cachedInputTokens, inputTokenDetails } = usage;
  const output = countOf(isObject(outputTokens) ? outputTokens.total : outputTokens);
  if (isObject(inputTokens)) {
    const { total, cacheRead, cacheWrite } = inputTokens;
    return usageOf({
      input: countOf(total),
      output,
      cached: countOf(cacheRead),
      cacheWrite: countOf(cacheWrite),
    });
  }
  const details = isObject(inputTokenDetails) ? inputTokenDetails : {};
  const anthropic = isObject(metadata) && isObject(metadata.anthropic) ? metadata.anthropic : undefined;
  const cached = countOf(cachedInputTokens) || countOf(details.cacheReadTokens);
  const cacheWrite = countOf(details.cacheWriteTokens) || countOf(anthropic?.cacheCreationInputTokens);
  const apart = anthropic && inputTokenDetails === undefined ? cached + cacheWrite : 0;
  return usageOf({ input: countOf(inputTokens) + apart, output, cached, cacheWrite });
};

/** Reads the parts of an answer of an AI SDK package. */
const createPartReader = (config: ModelConfig, bounds: AnswerBounds) => {
  const filter = new ThoughtFilter();
  /** Reasoning with what the provider needs back, by the id of its part. */
  const reasoning = new Map<string, { text: string; providerOptions: JsonObject }>();
  const idOf = createCallIds();
  let said = false;
  let called = false;

  /** Blank lines and thoughts alone say nothing. */
  const noteText = (deltas: readonly ModelDelta[]): void => {
    said ||= deltas.some((delta) => delta.type === "text" && delta.text.trim() !== "");
  };

  const finish = (reason: FinishReason, usage: Usage, why: string): ModelDelta[] => {
    const deltas: ModelDelta[] = [];
    filter.end(deltas);
    noteText(deltas);
    if (!said && !called && reason !== "content_filter") throw emptyAnswerError(config, why);
    if (called && reasoning.size > 0)
      deltas.push({ type: "thoughts", model: config.id, data: { parts: [...reasoning.values()] } });
    deltas.push({ type: "finish", reason: finishReasonOf(reason, called), usage, model: config.id });
    return deltas;
  };

  const addReasoning = (part: JsonObject) => {
    const id = textOf(part.id);
    const known = reasoning.get(id) ?? { text: "", providerOptions: {} };
    const metadata = isObject(part.providerMetadata) ? part.providerMetadata : {};
    if (isTooDeep(metadata)) throw malformedEventError(config);
    bounds.hold(`${id}${JSON.stringify(metadata)}`);
    reasoning.set(id, {
      text: known.text + textOf(part.delta),
      providerOptions: { ...known.providerOptions, ...metadata },
    });
  };

  return {
    read(part: unknown): ModelDelta[] {
      if (!isObject(part)) return [];
      switch (part.type) {
        case "text-delta": {
          const deltas: ModelDelta[] = [];
          filter.add(textOf(part.delta), deltas);
          noteText(deltas);
          return deltas;
        }
        case "reasoning-start":
        case "reasoning-end":
          addReasoning(part);
          return [];
        case "reasoning-delta":
          addReasoning(part);
          return [{ type: "reasoning", text: textOf(part.delta) }];
        case "tool-call":
          if (isTooDeep(part.input)) throw malformedEventError(config);
          called = true;
          return [
            {
              type: "tool_call",
              id: idOf(textOf(part.toolCallId)),
              name: textOf(part.toolName),
              arguments: wholeArguments(argumentsOf(part.input)),
            },
          ];
        case "finish": {
          const usage = readUsage(isObject(part.usage) ? part.usage : {}, part.providerMetadata);
          const why = textOf(isObject(part.finishReason) ? part.finishReason.unified : part.finishReason);
          return finish(finishReasons.get(why) ?? "other", usage, why);
        }
        case "error":
          throw part.error;
        default:
          return [];
      }
    },
  };
};

/** Errors that packages throw before they send anything; their message says what is missing. */
const settingErrors = new Set([
  "AI_LoadSettingError",
  "AI_NoSuchModelError",
  "AI_UnsupportedFunctionalityError",
  "AI_InvalidArgumentError",
]);

/** Converts an error of a package into ours. */
export const failureOfPackage = (config: ModelConfig, error: unknown): ModelError => {
  if (error instanceof ModelError) return error;
  if (!(error instanceof Error)) {
    return eventError(config, isObject(error) && isObject(error.error) ? error.error : error);
  }
  if (error.name === "AI_LoadAPIKeyError") return responseError(config, 401, {}, error.message);
  if (settingErrors.has(error.name)) {
    const message = `The package of ${config.provider} does not take the settings of ${config.id}`;
    return new ModelError("LLM_NOT_CONFIGURED", message, { cause: error });
  }
  if ("statusCode" in error && typeof error.statusCode === "number") {
    const headers =
      "responseHeaders" in error && isObject(error.responseHeaders) ? error.responseHeaders : {};
    const body = "responseBody" in error ? textOf(error.responseBody) : "";
    return responseError(config, error.statusCode, headers, body);
  }
  return networkError(config, "its API", error);
};

/** A model of any other provider, through its `@ai-sdk/*` package, which is loaded by the first call. */
export const createAiSdkModel = (
  config: ModelConfig,
  importPackage: ImportPackage = (name) => import(name),
): Model => {
  let loading: ReturnType<typeof loadModel> | undefined;

  async function* stream(request: ModelRequest, signal: AbortSignal) {
    signal.throwIfAborted();
    loading ??= loadModel(config, importPackage);
    const model = await loading;

    const controller = new AbortController();
    const onAbort = () => controller.abort(signal.reason);
    const timer = setTimeout(
      () => controller.abort(timeoutError(config)),
      config.settings.timeoutSeconds * 1000,
    );
    signal.addEventListener("abort", onAbort, { once: true });
    // Not all packages obey the signal, so the wait ends here in any case.
    const stopped = new Promise<never>((_, reject) => {
      controller.signal.addEventListener("abort", () => reject(controller.signal.reason), { once: true });
    });
    let reader: ReadableStreamDefaultReader<unknown> | undefined;
    try {
      const answer = await Promise.race([
        model.doStream(callOptions(config, request, controller.signal)),
        stopped,
      ]);
      if (!isObject(answer) || !(answer.stream instanceof ReadableStream)) throw new Error("no stream");
      reader = answer.stream.getReader();
      const bounds = new AnswerBounds(config);
      const parts = createPartReader(config, bounds);
      while (true) {
        const { done, value } = await Promise.race([reader.read(), stopped]);
        timer.refresh();
        if (done) throw cutOffError(config);
        const deltas = parts.read(value);
        bounds.add(deltas, 0);
        if (deltas.length > 0) yield deltas;
        if (deltas.at(-1)?.type === "finish") return;
      }
    } catch (error) {
      signal.throwIfAborted();
      throw failureOfPackage(config, error);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      controller.abort(new Error("The answer is no longer read"));
      stopped.catch(() => {});
      reader?.cancel().catch(() => {});
    }
  }

  return { id: config.id, stream };
};
