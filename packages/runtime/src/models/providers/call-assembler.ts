import { isObject } from "@muxi/protocol";
import { parseObject, textOf } from "../../base/index.ts";
import type { ToolCall } from "../interface/index.ts";

/** Limit on calls at once, above what any model makes. */
const mostCalls = 128;

interface Assembled extends ToolCall {
  /** The server's index of the call; several servers give all calls the same one. */
  index: number | undefined;
}

/** Assembles tool calls from the pieces that OpenAI-compatible servers send. */
export interface CallAssembler {
  /** Adds an entry of `tool_calls`. Returns false beyond the limit on calls. */
  add(piece: unknown): boolean;
  /** The calls that have a name, each with a unique id. */
  calls(): ToolCall[];
  /** Whether the last call ends inside its arguments. */
  readonly isBroken: boolean;
}

const indexOf = (value: unknown): number | undefined => {
  const index = typeof value === "string" && value !== "" ? Number(value) : value;
  return Number.isInteger(index) ? Number(index) : undefined;
};

/** Some servers send the arguments as an object, not as JSON text. */
const argumentsOf = (value: unknown): string => (isObject(value) ? JSON.stringify(value) : textOf(value));

const isComplete = ({ arguments: args }: ToolCall): boolean => parseObject(args) !== undefined;

export const createCallAssembler = (): CallAssembler => {
  const calls: Assembled[] = [];

  /** The call that a piece continues; undefined when it begins a new one. */
  const continued = (index: number | undefined, id: string, name: string, args: string) => {
    if (id !== "") {
      const same = calls.findLast((call) => call.id === id && (index === undefined || call.index === index));
      if (same) return same;
    }
    const last = index === undefined ? calls.at(-1) : calls.findLast((call) => call.index === index);
    if (!last) return undefined;
    // Parallel calls with the same index, or none, are told apart by their ids. Without ids, a piece after complete
    // arguments begins a new call.
    if (id !== "" && last.id !== "") return undefined;
    if (id !== "" && index === undefined) return undefined;
    if (name !== "" && last.name !== "" && name !== last.name) return undefined;
    return name !== "" && args.trimStart().startsWith("{") && isComplete(last) ? undefined : last;
  };

  return {
    add(piece) {
      if (!isObject(piece)) return true;
      const named = isObject(piece.function) ? piece.function : piece;
      const index = indexOf(piece.index);
      const id = textOf(piece.id);
      const name = textOf(named.name);
      const args = argumentsOf(named.arguments);
      let call = continued(index, id, name, args);
      if (!call) {
        if (calls.length === mostCalls) return false;
        call = { index, id: "", name: "", arguments: "" };
        calls.push(call);
      }
      call.id ||= id;
      call.name ||= name;
      if (isObject(named.arguments)) call.arguments = args;
      else call.arguments += args;
      return true;
    },

    calls() {
      const ids = new Set<string>();
      return calls
        .filter(({ name }) => name !== "")
        .map(({ id, name, arguments: args }) => {
          const own = id === "" || ids.has(id) ? `call_${crypto.randomUUID()}` : id;
          ids.add(own);
          return { id: own, name, arguments: args };
        });
    },

    get isBroken() {
      const last = calls.at(-1);
      return last !== undefined && (last.name === "" || (last.arguments.trim() !== "" && !isComplete(last)));
    },
  };
};
