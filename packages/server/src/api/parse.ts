import { type DeploymentCheck, deploymentCheckSchema, headers } from "@muxi/protocol";
import type { FastifyRequest } from "fastify";
import type * as z from "zod";
import { Failure } from "../base/failure.ts";
import type { TakenData } from "../reader/index.ts";
import { HttpError } from "./errors.ts";

/** @throws HttpError 400 that names the invalid field. */
export const parseInput = <Input>(schema: z.ZodType<Input>, input: unknown): Input => {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`);
  throw new HttpError(400, `Invalid request: ${problems.join("; ")}`);
};

/** The `{id}` of a route. */
export const formationIdOf = ({ params }: FastifyRequest): string =>
  typeof params === "object" && params !== null && "id" in params ? String(params.id) : "";

/** A header's value; undefined if it is missing, empty or repeated. */
export const headerOf = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
};

/** What a deployment is to check. @throws Failure 400 */
export const checkOf = (request: FastifyRequest): DeploymentCheck | undefined => {
  const given = headerOf(request, headers.check);
  const { data } = deploymentCheckSchema().optional().safeParse(given);
  if (given === undefined || data !== undefined) return data;
  throw new Failure(400, "InvalidHeader", `X-Muxi-Check is '${given}': it must be all, models or report`);
};

/** @throws Failure 400 */
const flagOf = (request: FastifyRequest, name: string, shown: string): boolean => {
  const given = headerOf(request, name);
  if (given === undefined || given === "false") return false;
  if (given === "true") return true;
  throw new Failure(400, "InvalidHeader", `${shown} is '${given}': it must be true or false`);
};

/** What of a formation's own data in a bundle is meant to come along. @throws Failure 400 */
export const takenDataOf = (request: FastifyRequest): TakenData => {
  const database = flagOf(request, headers.includeDb, "X-Muxi-Include-DB");
  if (flagOf(request, headers.includeData, "X-Muxi-Include-Data")) return "all";
  return database ? "database" : "nothing";
};

/** A formation's address, by the name under which this caller reaches the server. */
export const publicUrl = (request: FastifyRequest, formationId: string): string =>
  `${request.protocol}://${request.host}/api/${formationId}`;

/** Whether the path is one of those at which published SDKs ask for a stream. */
export const isStreamPath = ({ routeOptions }: FastifyRequest): boolean =>
  routeOptions.url?.endsWith("/stream") ?? false;
