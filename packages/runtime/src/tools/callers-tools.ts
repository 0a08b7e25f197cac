import { ApiError, type CallerTool } from "@muxi/protocol";
import { parseObject, problemsOf, schemaProblem } from "../base/index.ts";
import type { ToolCall } from "../models/index.ts";
import { askUser } from "./ask-user.ts";
import { answerText } from "./choices.ts";
import { giveUp } from "./give-up.ts";
import type { GivenAnswer, Tool, ToolOutcome } from "./tool.ts";
import { fitSchema, serverArguments } from "./tool-schema.ts";

// Tools that the caller of a chat runs (docs/spec/formation-api.md "Tools that the caller runs").

/** Characters of all definitions of a call together. */
const mostCharacters = 200_000;

/** Milliseconds for checking all calls of a request, until it waits again. */
const checkTime = 500;

/** A call that the caller of the request makes. */
export interface CallersCall {
  id: string;
  name: string;
  arguments: Record<string, unknown>;
}

const refused = (why: string) => new ApiError("INVALID_PARAMS", `The tools cannot be used: ${why}`);

/** @throws ApiError `INVALID_PARAMS` when the tools of a call cannot be used by any agent */
export const checkCallersTools = (defined: readonly CallerTool[]): void => {
  const names = new Set<string>();
  for (const { name, parameters } of defined) {
    if (names.has(name)) throw refused(`${name} is there twice`);
    names.add(name);
    if (parameters.type !== "object") throw refused(`the parameters of ${name} must be of type object`);
    const problem = schemaProblem(parameters);
    if (problem !== undefined) throw refused(`the parameters of ${name}: ${problem}`);
  }
  const { length } = JSON.stringify(defined);
  if (length > mostCharacters)
    throw refused(`they have ${length} characters; the limit is ${mostCharacters}`);
};

const builtInNames = [askUser, giveUp].map(({ definition }) => definition.name);

/**
 * The tools of a call, as its agent gets them.
 *
 * @throws ApiError `INVALID_PARAMS` when the agent has a tool of such a name itself
 */
export const callersTools = (defined: readonly CallerTool[], own: readonly Tool[]): Tool[] => {
  let timeLeft = checkTime;
  const problemsIn = (args: Record<string, unknown>, schema: Record<string, unknown>): string[] => {
    if (timeLeft <= 0) return ["they and those before them take too long to be checked"];
    const begun = performance.now();
    const problems = problemsOf(args, schema, timeLeft);
    timeLeft -= performance.now() - begun;
    return problems;
  };
  const taken = new Set([...builtInNames, ...own.map(({ definition }) => definition.name)]);
  return defined.map(({ name, description, parameters }) => {
    if (taken.has(name))
      throw refused(`the formation has a tool named ${name} itself, so choose another name`);
    const { schema, renamed } = fitSchema(parameters);
    return {
      definition: { name, description, parameters: schema },
      ofCaller: (args) => {
        const known = serverArguments(args, { renamed });
        const problems = problemsIn(known, parameters);
        return problems.length > 0 ? { problems } : { args: known };
      },
      call: async () => ({ text: "Only the caller of the request runs this tool", failed: true }),
    };
  });
};

/** A call of a caller's tool: what the caller is asked for, or what is wrong with its arguments. */
export interface CallersPart {
  asked?: CallersCall;
  outcome?: ToolOutcome;
}

/** Undefined for a call of another tool. */
export const callersPart = (
  { id, name, arguments: written }: ToolCall,
  tool: Tool | undefined,
): CallersPart | undefined => {
  if (!tool?.ofCaller) return undefined;
  const args = parseObject(written || "{}");
  const read = args && tool.ofCaller(args);
  if (read?.args) return { asked: { id, name, arguments: read.args } };
  const why = read ? read.problems.join("; ") : "they are not a JSON object";
  const text = `Not called: the arguments of ${name} do not fit its schema: ${why}`;
  return { outcome: { text, failed: true } };
};

/** What has come of a call that the caller was to make. */
export const callersOutcome = ({ id }: ToolCall, answer: GivenAnswer | undefined): ToolOutcome => {
  const result = answer?.results?.find((each) => each.id === id);
  if (result) return { text: result.content, failed: result.isError };
  return { text: `Not called: the user said instead: ${answerText(answer?.value)}`, failed: true };
};
