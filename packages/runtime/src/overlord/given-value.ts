import { ApiError, type Interrupt, type JsonObject } from "@muxi/protocol";
import { problemsOf, schemaProblem } from "../base/index.ts";
import { chosenIn, type GivenAnswer } from "../tools/index.ts";

/**
 * What a text says to a question, as the request goes on with it: the options that it names, else the text.
 *
 * @returns A list where several may be chosen.
 */
export const chosenValue = (text: string, { choices }: Pick<Interrupt, "choices">): string | string[] => {
  if (!choices) return text;
  const chosen = chosenIn(text, choices);
  if (choices.multiple) return chosen ?? [text];
  return chosen?.[0] ?? text;
};

const refused = (field: string, problem: string) =>
  new ApiError("INVALID_PARAMS", `${field} ${problem}`, {
    data: { validation_errors: [{ field, msg: problem, type: "value", error: "invalid" }] },
  });

/** What does not fit a schema. Nothing is held against one that cannot be read, as those of tools may be. */
const problemIn = (value: unknown, schema: JsonObject): string | undefined =>
  schemaProblem(schema) === undefined ? problemsOf(value, schema)[0] : undefined;

/**
 * An answer by the id of what is asked, as the request goes on with it.
 *
 * @throws ApiError `INVALID_PARAMS` when it is none of what is asked for
 */
export const checkedAnswer = (
  { kind, choices, schema }: Interrupt,
  { action, value, editedArgs }: GivenAnswer,
): GivenAnswer => {
  if (action === "approve" && editedArgs && schema) {
    const problem = problemIn(editedArgs, schema);
    if (problem !== undefined) throw refused("edited_args", `do not fit the tool: ${problem}`);
  }
  if (action !== "answer") return { action, value, editedArgs };
  const said = typeof value === "string" ? chosenValue(value, { choices }) : value;
  if (!schema && typeof said !== "string") throw refused("value", `is no text, which a ${kind} needs`);
  const problem = schema && problemIn(said, schema);
  if (problem !== undefined) throw refused("value", `is not what is asked for: ${problem}`);
  return { action, value: said };
};
