import { parseObject } from "../base/index.ts";
import type { EventLog } from "../events/index.ts";
import type { ToolCall } from "../models/index.ts";
import {
  answerText,
  type CallersPart,
  callersOutcome,
  callersPart,
  callTool,
  type Journal,
  type Tool,
  type ToolOutcome,
  WaitsForUser,
} from "../tools/index.ts";
import type { RequestBudget } from "./budget.ts";

/** Characters of a result that the user's stream shows; the model reads all of it. */
const shownResult = 4_000;

const declined = (value: unknown): ToolOutcome => ({
  text: `The user did not approve this call${value ? `, and said: ${answerText(value)}` : ""}. Do not make it again`,
  failed: true,
});

/** What is known of a call whose process ended while it was under way, where to make it again could do harm. */
const uncertain: ToolOutcome = {
  text:
    "This call was under way when the process that made it ended: whether it was carried out is not known. Do not make " +
    "it again without finding that out; otherwise tell the user",
  failed: true,
};

/** A call with the arguments that were approved; an outcome when it was not. @throws WaitsForUser before the answer */
const approved = async (
  call: ToolCall,
  tool: Tool,
  journal: Journal,
  key: string,
): Promise<ToolCall | ToolOutcome> => {
  const { place, answer } = journal.given(key);
  if (!answer) {
    if (!(await tool.needsApproval?.())) return call;
    const args = parseObject(call.arguments) ?? {};
    throw new WaitsForUser({
      kind: "approval",
      prompt: `May I call ${call.name} with ${JSON.stringify(args)}?`,
      place,
      schema: tool.definition.parameters,
      tool: {
        id: call.id,
        name: call.name,
        ...(tool.server !== undefined && { server: tool.server }),
        ...(tool.serverTool !== undefined && { server_tool: tool.serverTool }),
        arguments: args,
      },
    });
  }
  if (answer.action !== "approve") return declined(answer.value);
  return answer.editedArgs ? { ...call, arguments: JSON.stringify(answer.editedArgs) } : call;
};

/** Notes within a call that it was begun. */
const begunStep = "begun";

/** What makes the calls of an agent. */
export interface ToolCaller {
  run: { signal: AbortSignal; log: Pick<EventLog, "append"> };
  tools: readonly Tool[];
  budget: RequestBudget;
  journal: Journal;
  /** Rounds in the journal that the user was told of before the request waited for them. */
  told?: number;
}

/**
 * Makes the calls of a round in parallel and tells the user of each.
 *
 * @param number Of the round, from 0.
 * @throws WaitsForUser when one needs an approval that it does not have, or its caller makes it, once the others have ended
 */
export const makeCalls = async (
  { run, tools, budget, journal, told = 0 }: ToolCaller,
  calls: readonly ToolCall[],
  number: number,
): Promise<ToolOutcome[]> => {
  const { limits } = budget;
  const begin = ({ id, name, arguments: args }: ToolCall, origin?: "client") =>
    run.log.append({
      type: "tool_call",
      id,
      name,
      arguments: parseObject(args) ?? {},
      ...(origin && { origin }),
    });
  const end = ({ id, name }: ToolCall, { text, failed }: ToolOutcome) =>
    run.log.append({ type: "tool_result", id, name, content: text.slice(0, shownResult), is_error: failed });
  const toolOf = ({ name }: ToolCall) => tools.find(({ definition }) => definition.name === name);
  const make = (call: ToolCall, within: Journal) => {
    const time = { call: limits.callTime, left: budget.timeLeft };
    return callTool(call, tools, time, run.signal, within);
  };
  const parts = calls.map((call) => callersPart(call, toolOf(call)));
  /** What has come of a call that the caller makes. @throws WaitsForUser for all such calls as long as nothing has */
  const outcomeOf = (call: ToolCall, { asked, outcome }: CallersPart): ToolOutcome => {
    if (number >= told) begin(call, "client");
    const { place, answer } = journal.given(`client:${number}`);
    if (asked && !answer) {
      const theirs = parts.flatMap((part) => part?.asked ?? []);
      const prompt = `Waits for the results of ${theirs.map(({ name }) => name).join(", ")}`;
      throw new WaitsForUser({ kind: "client_tools", prompt, place, calls: theirs });
    }
    const known = outcome ?? callersOutcome(call, answer);
    // Results are told with the round that the request has waited in last.
    if (number >= told - 1) end(call, known);
    return known;
  };
  const perform = async (call: ToolCall, index: number): Promise<ToolOutcome> => {
    const tool = toolOf(call);
    const part = parts[index];
    if (part) return outcomeOf(call, part);
    const key = `tool:${number}:${index}`;
    const allowed =
      tool?.needsApproval && !journal.has(key)
        ? await approved(call, tool, journal, `approve:${number}:${index}`)
        : call;
    const begun = "failed" in allowed ? call : allowed;
    let isTold = number < told;
    if (!isTold) begin(begun);
    const work = async (within: Journal): Promise<ToolOutcome> => {
      if (isTold) begin(begun);
      isTold = false;
      if ("failed" in allowed) return allowed;
      if (tool?.needsApproval) {
        if (within.has(begunStep)) return uncertain;
        await within.step(begunStep, async () => true);
      }
      // What a built-in tool asks for takes places itself.
      return tool?.server === undefined
        ? make(allowed, within)
        : budget.inPlace(run.signal, () => make(allowed, within));
    };
    const outcome = budget.takeCall()
      ? await journal.step(key, work)
      : { text: `Not called: a request may make ${limits.calls} calls`, failed: true };
    if (!isTold) end(begun, outcome);
    return outcome;
  };
  const settled = await Promise.allSettled(calls.map((call, index) => perform(call, index)));
  const failures = settled.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
  // What ends the request comes before what only holds it up.
  const failure = failures.find((reason) => !(reason instanceof WaitsForUser)) ?? failures[0];
  if (failure !== undefined) throw failure;
  return settled.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
};
