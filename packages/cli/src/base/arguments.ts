import * as z from "zod";
import { CliError } from "./errors.ts";
import { parseJson } from "./json.ts";

const argumentsSchema = z.record(z.string(), z.unknown());

/** Arguments of a tool as somebody has typed them. @throws CliError when they are no JSON object */
export const argumentsIn = (json: string | undefined): Record<string, unknown> | undefined => {
  if (json === undefined) return undefined;
  const { data } = argumentsSchema.safeParse(parseJson(json));
  if (data) return data;
  throw new CliError(`These arguments are no JSON object: ${json}`, { hint: `For example: {"order": 17}` });
};
