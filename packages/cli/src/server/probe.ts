import { isSystemError } from "@muxi/formation";
import * as z from "zod";
import { CliError } from "../base/errors.ts";

const healthSchema = z.object({ success: z.literal(true), status: z.literal("ok"), version: z.string() });

/** What answers at an address. */
export type Probe =
  | { kind: "muxi"; version: string }
  | { kind: "nothing" }
  | { kind: "other"; reason: string };

const timeoutMs = 2000;

const isRefused = (error: unknown): boolean => {
  return error instanceof Error && isSystemError(error.cause, "ECONNREFUSED");
};

/** Asks `GET /health` (docs/spec/cli.md "muxi up"). Only a refused connection means that the port is free. */
export const probe = async (url: string): Promise<Probe> => {
  try {
    const response = await fetch(`${url}/health`, {
      signal: AbortSignal.timeout(timeoutMs),
      redirect: "manual",
    });
    const text = await response.text();
    const parsed = healthSchema.safeParse(text.startsWith("{") ? JSON.parse(text) : undefined);
    if (parsed.success) return { kind: "muxi", version: parsed.data.version };
    return {
      kind: "other",
      reason: `GET /health answered with ${response.status}, but not as a MUXI server does`,
    };
  } catch (error) {
    if (isRefused(error)) return { kind: "nothing" };
    if (error instanceof DOMException && error.name === "TimeoutError") {
      return { kind: "other", reason: `GET /health had no answer within ${timeoutMs / 1000} seconds` };
    }
    return { kind: "other", reason: "What listens there does not speak HTTP as a MUXI server does" };
  }
};

/** Something that is not a MUXI server holds the port. */
export const portInUse = (port: number, reason: string): CliError =>
  new CliError(`Port ${port} is used by another program`, {
    detail: [reason],
    hint: `Choose another port: --port ${port + 1}`,
  });
