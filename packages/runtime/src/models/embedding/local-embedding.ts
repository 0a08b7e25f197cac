import { existsSync } from "node:fs";
import path from "node:path";
import { Worker } from "node:worker_threads";
import type { ModelConfig } from "@muxi/formation";
import { startTimeLimit } from "../../base/index.ts";
import { ModelError, timeoutError } from "../interface/index.ts";
import { type EmbeddedAs, type EmbeddingModel, noVectorsError } from "./embedding-model.ts";
import type { LocalAnswer } from "./local-worker.ts";

const program = new URL(`./local-worker${path.extname(import.meta.url)}`, import.meta.url);
export const localPackage = "@huggingface/transformers";

export const noLocalPackage = (id: string): string =>
  `${id} needs the package ${localPackage}: run npm install ${localPackage} in the formation's folder`;

/** Texts of a call: each takes milliseconds to seconds. */
const mostTexts = 8;
/** Milliseconds for a call at least: the first one loads the model. */
const shortestTimeout = 120_000;

export interface LocalModels {
  /** Formation folder, in or above which the package of local models may be installed. */
  dir: string;
  /** Folder of models, each in a folder of its name. */
  folder: string;
}

/** How families of models want their texts, as their pages say: what stands before it, and which vector counts. */
const families: readonly { names: RegExp; question: string; passage: string; pooling: "mean" | "cls" }[] = [
  { names: /\be5-/i, question: "query: ", passage: "passage: ", pooling: "mean" },
  { names: /\bnomic-embed/i, question: "search_query: ", passage: "search_document: ", pooling: "mean" },
  {
    names: /\bbge-(?:small|base|large)-en|\bmxbai-embed|\barctic-embed/i,
    question: "Represent this sentence for searching relevant passages: ",
    passage: "",
    pooling: "cls",
  },
  { names: /\bbge-/i, question: "", passage: "", pooling: "cls" },
];
const otherwise = { question: "", passage: "", pooling: "mean" } as const;

const filesOf = ({ folder }: LocalModels, { name }: ModelConfig) => ({
  config: path.join(folder, name, "config.json"),
  whole: path.join(folder, name, "onnx", "model.onnx"),
});

/** What a local model lacks, as far as its files show; undefined when nothing. */
export const lackOfLocal = (config: ModelConfig, models: LocalModels): string | undefined => {
  if (config.settings.baseUrl !== undefined || existsSync(filesOf(models, config).config)) return undefined;
  return (
    `There is no model ${config.name} in ${models.folder}: put its files there, config.json, tokenizer.json, ` +
    "tokenizer_config.json and onnx/model.onnx, as the Hugging Face Hub has them, or name a mirror of the Hub in settings.base_url"
  );
};

/** A model that runs on this machine, through `@huggingface/transformers`, which the user installs. */
export const createLocalEmbedding = (config: ModelConfig, models: LocalModels): EmbeddingModel => {
  const { id, name, settings } = config;
  const family = families.find(({ names }) => names.test(name)) ?? otherwise;
  const waiting = new Map<number, (answer: LocalAnswer) => void>();
  let worker: Worker | undefined;
  let calls = 0;

  /** Answers what a thread still has to do, and leaves it. One that was left already has nothing to do. */
  const end = (ended: Worker, reason: string) => {
    if (worker !== ended) return;
    worker = undefined;
    for (const [call, answer] of waiting) answer({ id: call, failure: "model", reason });
    waiting.clear();
  };

  const start = (): Worker => {
    const hasWhole = settings.baseUrl !== undefined || existsSync(filesOf(models, config).whole);
    const started = new Worker(program, {
      workerData: {
        ...models,
        packageName: localPackage,
        name,
        mirror: settings.baseUrl,
        dtype: hasWhole ? "fp32" : "q8",
        pooling: family.pooling,
      },
    });
    started.on("message", (answer: LocalAnswer) => {
      waiting.get(answer.id)?.(answer);
      waiting.delete(answer.id);
    });
    started.on("error", (error) => end(started, error.message));
    started.on("exit", () => end(started, "its thread has ended"));
    started.unref();
    return started;
  };

  /** Ends a thread that takes too long: the next call gets a new one. */
  const stop = async () => {
    const late = worker;
    if (!late) return;
    end(late, "its thread was ended, because a call took too long");
    await late.terminate();
  };

  const ask = async (texts: readonly string[], signal: AbortSignal): Promise<LocalAnswer> => {
    worker ??= start();
    calls += 1;
    const call = calls;
    worker.postMessage({ id: call, texts });
    return new Promise((resolve, reject) => {
      waiting.set(call, resolve);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  };

  const vectorsOf = (answer: LocalAnswer, count: number): Float32Array[] => {
    if ("vectors" in answer) {
      if (answer.vectors.length !== count) throw noVectorsError(config);
      return answer.vectors;
    }
    const message =
      answer.failure === "package" ? noLocalPackage(id) : `${id} does not run: ${answer.reason}`;
    throw new ModelError("LLM_NOT_CONFIGURED", message);
  };

  return {
    id,
    mostTexts,
    async embed(texts, as: EmbeddedAs, signal) {
      const lack = lackOfLocal(config, models);
      if (lack !== undefined) throw new ModelError("LLM_NOT_CONFIGURED", lack);
      const limit = startTimeLimit(Math.max(settings.timeoutSeconds * 1000, shortestTimeout), signal);
      try {
        return vectorsOf(
          await ask(
            texts.map((text) => `${family[as]}${text}`),
            limit.signal,
          ),
          texts.length,
        );
      } catch (error) {
        signal.throwIfAborted();
        if (limit.isOver) {
          await stop();
          throw timeoutError(config);
        }
        throw error;
      } finally {
        limit.end();
      }
    },
  };
};
