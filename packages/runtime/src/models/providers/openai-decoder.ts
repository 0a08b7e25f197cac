import type { ModelConfig } from "@muxi/formation";
import { type FinishReason, isObject, type JsonObject } from "@muxi/protocol";
import { countOf, listOf, parseObject, textOf } from "../../base/index.ts";
import type { ModelDelta } from "../interface/index.ts";
import {
  emptyAnswerError,
  eventError,
  malformedEventError,
  noAnswerError,
  noUsage,
  usageOf,
} from "../interface/index.ts";
import type { AnswerBounds } from "./answer-bounds.ts";
import { CallAssembler } from "./call-assembler.ts";
import { readParts } from "./content-parts.ts";
import { compatibleReason, finishReasonOf } from "./finish-reason.ts";
import type { WireDecoder } from "./model-stream.ts";
import { TextShortcut } from "./text-shortcut.ts";
import { ThoughtFilter } from "./think-tags.ts";

/** Fields in which servers send reasoning, and in which they need it back. */
const reasoningFields = ["reasoning_content", "reasoning", "thinking"] as const;

/**
 * Where servers count what they read from a cache and wrote into one, as parts of `prompt_tokens`: OpenAI in the details,
 * DeepSeek and Moonshot beside the others, gateways to Anthropic by its names.
 */
const cachedFields = ["cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens"];
const cacheWriteFields = ["cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens"];

const firstCount = (counts: JsonObject, fields: readonly string[]): number =>
  countOf(counts[fields.find((field) => countOf(counts[field]) > 0) ?? ""]);

/**
 * Decodes one answer of OpenAI's chat completions API, and of all that speak it. A class, as are its parts: each open chat has one, and closures in place of the methods were a fifth
 * of what it holds.
 */
export class OpenAiDecoder implements WireDecoder {
  readonly #config: ModelConfig;
  readonly #bounds: AnswerBounds;
  readonly #calls: CallAssembler;
  readonly #shortcut = new TextShortcut("content");
  readonly #filter = new ThoughtFilter();
  #reason: FinishReason | undefined;
  #usage = noUsage;
  #said = false;
  #ended = false;
  /** Reasoning by the field in which it came, and the details that OpenRouter signs. */
  readonly #thoughts: Record<string, string> = {};
  readonly #details: unknown[] = [];

  constructor(config: ModelConfig, bounds: AnswerBounds) {
    this.#config = config;
    this.#bounds = bounds;
    this.#calls = new CallAssembler(bounds);
  }

  event(data: string, deltas: ModelDelta[]): void {
    if (this.#ended) return;
    const next = this.#shortcut.read(data);
    if (next !== undefined) {
      if (next !== "") this.#addText(next, deltas);
      return;
    }
    const trimmed = data.trim();
    if (trimmed === "") return;
    if (trimmed === "[DONE]") {
      this.end(deltas);
      return;
    }
    const chunk = parseObject(data);
    if (!chunk) throw malformedEventError(this.#config);
    const choice = this.#choiceOf(chunk);
    if (isObject(chunk.usage)) this.#readUsage(chunk.usage);
    if (!choice) return;
    // A server that does not stream sends one event with the whole message; others repeat it all at the end.
    const message = choice.delta ?? (this.#hasSaid() ? undefined : choice.message);
    const text = isObject(message) ? this.#readMessage(message, deltas) : undefined;
    const finish = compatibleReason(choice.finish_reason);
    if (text !== undefined && !finish && !chunk.usage) this.#shortcut.learn(data, text);
    this.#reason = finish ?? this.#reason;
  }

  whole(body: JsonObject, deltas: ModelDelta[]): void {
    const choice = this.#choiceOf(body);
    if (!isObject(choice?.message)) throw noAnswerError(this.#config, body);
    if (isObject(body.usage)) this.#readUsage(body.usage);
    this.#readMessage(choice.message, deltas);
    this.#finishWith(compatibleReason(choice.finish_reason) ?? "stop", deltas);
  }

  end(deltas: ModelDelta[]): void {
    if (this.#ended) return;
    this.#endText(deltas);
    // Several servers end without a finish reason: a text or complete calls are still an answer.
    if (this.#reason === undefined && (!this.#hasSaid() || this.#calls.isBroken)) return;
    this.#finishWith(this.#reason ?? "stop", deltas);
  }

  /** Blank lines and thoughts alone say nothing. */
  #noteText(deltas: readonly ModelDelta[], from: number): void {
    for (let index = from; index < deltas.length && !this.#said; index++) {
      const delta = deltas[index];
      this.#said = delta?.type === "text" && delta.text.trim() !== "";
    }
  }

  #addText(text: string, deltas: ModelDelta[]): void {
    const from = deltas.length;
    if (this.#filter.isOver) deltas.push({ type: "text", text });
    else this.#filter.add(text, deltas);
    this.#noteText(deltas, from);
  }

  #endText(deltas: ModelDelta[]): void {
    const from = deltas.length;
    this.#filter.end(deltas);
    this.#noteText(deltas, from);
  }

  #hasSaid(): boolean {
    return this.#said || this.#calls.calls().length > 0;
  }

  #addReasoning(delta: JsonObject, deltas: ModelDelta[]): boolean {
    const field = reasoningFields.find((name) => textOf(delta[name]) !== "");
    for (const detail of listOf(delta.reasoning_details)) {
      this.#bounds.hold(JSON.stringify(detail));
      this.#details.push(detail);
    }
    if (field === undefined) return false;
    const text = textOf(delta[field]);
    this.#thoughts[field] = (this.#thoughts[field] ?? "") + text;
    deltas.push({ type: "reasoning", text });
    return true;
  }

  #readUsage(counts: JsonObject): void {
    const details = isObject(counts.prompt_tokens_details) ? counts.prompt_tokens_details : {};
    const named = { ...counts, ...details };
    this.#usage = usageOf({
      input: countOf(counts.prompt_tokens),
      output: countOf(counts.completion_tokens),
      cached: firstCount(named, cachedFields),
      cacheWrite: firstCount(named, cacheWriteFields),
      total: countOf(counts.total_tokens),
    });
  }

  /** @returns Whether it contained only a text. */
  #readMessage(message: JsonObject, deltas: ModelDelta[]): string | undefined {
    const hasThoughts = this.#addReasoning(message, deltas);
    const { content } = message;
    const parts = typeof content === "object" && content !== null ? readParts([content].flat()) : undefined;
    if (parts?.reasoning) deltas.push({ type: "reasoning", text: parts.reasoning });
    const text = (parts?.text ?? textOf(content)) || textOf(message.refusal);
    if (text !== "") this.#addText(text, deltas);
    const pieces = isObject(message.tool_calls) ? [message.tool_calls] : listOf(message.tool_calls);
    // The predecessor of `tool_calls`: one call without an id.
    if (isObject(message.function_call)) pieces.push(message.function_call);
    for (const piece of pieces) this.#calls.add(piece);
    return hasThoughts || parts || pieces.length > 0 || text === "" ? undefined : text;
  }

  #finishWith(finish: FinishReason, deltas: ModelDelta[]): void {
    const config = this.#config;
    this.#ended = true;
    this.#endText(deltas);
    const whole = this.#calls.calls();
    if (!this.#said && whole.length === 0 && finish !== "content_filter")
      throw emptyAnswerError(config, finish);
    for (const call of whole) deltas.push({ type: "tool_call", ...call });
    const details = this.#details;
    const data = { ...this.#thoughts, ...(details.length > 0 && { reasoning_details: details }) };
    if (whole.length > 0 && Object.keys(data).length > 0)
      deltas.push({ type: "thoughts", model: config.id, data });
    deltas.push({
      type: "finish",
      reason: finishReasonOf(finish, whole.length > 0),
      usage: this.#usage,
      model: config.id,
    });
  }

  /** The first choice. @throws ModelError when it, or what holds it, is an error */
  #choiceOf(body: JsonObject): JsonObject | undefined {
    const failed = body.error || (body.object === "error" ? body : undefined);
    if (failed) throw eventError(this.#config, failed);
    const choice: unknown = listOf(body.choices)[0];
    if (!isObject(choice)) return undefined;
    // OpenRouter's way to say that the provider behind it failed.
    if (choice.error || choice.finish_reason === "error")
      throw eventError(this.#config, choice.error || choice);
    return choice;
  }
}
