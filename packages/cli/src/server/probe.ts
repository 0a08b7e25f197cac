import { isSystemError } from "@muxi/formation";
import * as z from "zod";
import { CliError } from "../base/errors.ts";

const healthSchema = z.object({ success: z.literal(true), status: z.literal("ok"), version: z.string() });

/** What responds at an address. */
export type ProbeResult =
  | { kind: "muxi"; version: string }
  | { kind: "nothing" }
  | { kind: "other"; reason: string };

const timeoutMs = 2000;

const isRefused = (error: unknown): boolean => {
  return error instanceof Error && isSystemError(error.cause, "ECONNREFUSED");
};

/** Asks `GET /health` (docs/spec/cli.md "muxi up"). Only a refused connection means that the port is free. */
export const probe = async (url: string): Promise<ProbeResult> => {
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
      reason: `GET /health returned ${response.status}, but not from a MUXI server`,
    };
  } catch (error) {
    if (isRefused(error)) return { kind: "nothing" };
    if (error instanceof DOMException && error.name === "TimeoutError") {
      return { kind: "other", reason: `GET /health got no response within ${timeoutMs / 1000} seconds` };
    }
    return { kind: "other", reason: "The program on this port does not speak HTTP" };
  }
};

/** The error for a port that another program uses. */
export const portInUse = (port: number, reason: string): CliError =>
  new CliError(`Port ${port} is in use by another program`, {
    detail: [reason],
    hint: `Choose another port: --port ${port + 1}`,
  });
