import { isObject } from "@muxi/protocol";
import { parseObject, textOf } from "../../base/index.ts";
import type { ToolCall } from "../interface/index.ts";
import type { AnswerBounds } from "./answer-bounds.ts";
import { argumentsOf, wholeArguments } from "./call-arguments.ts";
import { createCallIds } from "./call-ids.ts";

/** Characters of arguments that are parsed to see whether they are complete. */
const mostParsed = 8_000_000;

interface Assembled extends ToolCall {
  /** The server's index of the call; several servers give all calls the same one. */
  index: number | undefined;
}

const indexOf = (value: unknown): number | undefined => {
  const index = typeof value === "string" && value !== "" ? Number(value) : value;
  return Number.isInteger(index) ? Number(index) : undefined;
};

const isComplete = ({ arguments: args }: ToolCall): boolean =>
  parseObject(wholeArguments(args)) !== undefined;

/** Whether the arguments are empty braces, which some servers send before the arguments themselves. */
const isPlaceholder = ({ arguments: args }: ToolCall): boolean => /^\s*\{\s*\}\s*$/.test(args);

const begins = (args: string): boolean => args.trimStart().startsWith("{");

/** Assembles tool calls from the pieces that OpenAI-compatible servers send. */
export class CallAssembler {
  readonly #bounds: AnswerBounds;
  readonly #calls: Assembled[] = [];
  #parsed = 0;

  constructor(bounds: AnswerBounds) {
    this.#bounds = bounds;
  }

  /** Adds an entry of `tool_calls`. @throws OversizeAnswerError */
  add(piece: unknown): void {
    if (!isObject(piece)) return;
    const named = isObject(piece.function) ? piece.function : piece;
    const index = indexOf(piece.index);
    const id = textOf(piece.id);
    const name = textOf(named.name).trim();
    const args = argumentsOf(named.arguments);
    let call = this.#continued(index, id, name, args);
    if (!call) {
      this.#bounds.holdCall();
      call = { index, id: "", name: "", arguments: "" };
      this.#calls.push(call);
    }
    call.id ||= id;
    call.name ||= name;
    this.#bounds.hold(args);
    if (isObject(named.arguments) || (args.trim() !== "" && isPlaceholder(call))) call.arguments = args;
    else call.arguments += args;
  }

  /** The calls that have a name, each with a unique id. */
  calls(): ToolCall[] {
    if (this.#calls.length === 0) return [];
    const idOf = createCallIds();
    return this.#calls
      .filter(({ name }) => name !== "")
      .map(({ id, name, arguments: args }) => ({ id: idOf(id), name, arguments: wholeArguments(args) }));
  }

  /** Whether the last call ends inside its arguments. */
  get isBroken(): boolean {
    const last = this.#calls.at(-1);
    return last !== undefined && (last.name === "" || (last.arguments.trim() !== "" && !isComplete(last)));
  }

  /** Whether the arguments are whole. A server that sends the name with each piece has them parsed each time. */
  #isWhole(call: ToolCall): boolean {
    this.#parsed += call.arguments.length;
    return this.#parsed <= mostParsed && isComplete(call);
  }

  /** The call that a piece continues; undefined when it begins a new one. */
  #continued(index: number | undefined, id: string, name: string, args: string): Assembled | undefined {
    const calls = this.#calls;
    if (id !== "") {
      const same = calls.findLast((call) => call.id === id && (index === undefined || call.index === index));
      // Some servers give several calls one id: a whole one is followed by the next.
      if (same && (name === "" || isPlaceholder(same) || !begins(args) || !this.#isWhole(same))) return same;
      if (same) return undefined;
    }
    const last = index === undefined ? calls.at(-1) : calls.findLast((call) => call.index === index);
    if (!last) return undefined;
    // Parallel calls with the same index, or none, are told apart by their ids. Without ids, a piece after complete
    // arguments begins a new call.
    // Some servers give each piece an id of its own: what has no name goes on with a call that is not whole.
    if (id !== "" && last.id !== "")
      return name === "" && args !== "" && !this.#isWhole(last) ? last : undefined;
    if (id !== "" && index === undefined) return undefined;
    if (name !== "" && last.name !== "" && name !== last.name) return undefined;
    return name !== "" && begins(args) && this.#isWhole(last) ? undefined : last;
  }
}
