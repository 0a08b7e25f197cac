import { asError } from "@muxi/http";
import { deepestJson, parseObject, startTimeLimit } from "../base/index.ts";
import type { ToolCall } from "../models/index.ts";
import type { Journal, Tool, ToolOutcome } from "./tool.ts";
import { WaitsForUser } from "./waits-for-user.ts";

const failure = (text: string): ToolOutcome => ({ text, failed: true });

/** Settles with the work, or when the signal aborts, even if the work ignores it. */
const unlessAborted = <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });

/**
 * Makes a call that the model asked for. Whatever goes wrong becomes an outcome that tells the model what to do instead
 * (docs/spec/formation-files.md "Tool loop").
 *
 * @param time Milliseconds: `call` for one call, `left` for all calls that are still to come.
 * @throws the reason of `signal`; WaitsForUser
 */
export const callTool = async (
  call: ToolCall,
  tools: readonly Tool[],
  time: { call: number; left: number },
  signal: AbortSignal,
  journal: Journal,
): Promise<ToolOutcome> => {
  const tool = tools.find(({ definition }) => definition.name === call.name);
  if (!tool) {
    const names = tools.map(({ definition }) => definition.name).join(", ");
    return failure(`There is no tool named ${call.name}. The tools are: ${names}`);
  }
  const args = parseObject(call.arguments || "{}");
  if (!args) {
    return failure(
      `The arguments of ${call.name} are not a JSON object of at most ${deepestJson} levels. Call it again with one`,
    );
  }
  const timeLimit = Math.min(tool.timeLimit ?? time.call, time.left);
  const limit = startTimeLimit(timeLimit, signal);
  try {
    return await unlessAborted(tool.call(args, limit.signal, journal), limit.signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof WaitsForUser) throw error;
    if (limit.isOver) return failure(`${call.name} took longer than ${timeLimit / 1000} s and was stopped`);
    return failure(`${call.name} failed: ${asError(error).message}`);
  } finally {
    limit.end();
  }
};
