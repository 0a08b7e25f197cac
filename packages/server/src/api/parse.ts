import type { FastifyRequest } from "fastify";
import type * as z from "zod";
import { HttpError } from "./errors.ts";

/** @throws HttpError 400 that names the field at fault. */
export const parseInput = <Input>(schema: z.ZodType<Input>, input: unknown): Input => {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`);
  throw new HttpError(400, `Invalid request: ${problems.join("; ")}`);
};

/** The `{id}` of a route. */
export const formationIdOf = ({ params }: FastifyRequest): string =>
  typeof params === "object" && params !== null && "id" in params ? String(params.id) : "";

/** A header that was sent once. */
export const headerOf = ({ headers }: FastifyRequest, name: string): string | undefined => {
  const value = headers[name];
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
};

/** Address of a formation as this caller reaches the server, and not as the server sees itself. */
export const publicUrl = (request: FastifyRequest, formationId: string): string =>
  `${request.protocol}://${request.host}/api/${formationId}`;
