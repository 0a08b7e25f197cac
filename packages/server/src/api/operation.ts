import type { FastifyReply, FastifyRequest } from "fastify";
import { Failure } from "../base/failure.ts";
import type { Log } from "../logs/index.ts";
import type { ReportProgress } from "../releases/index.ts";
import { openEventStream } from "./event-stream.ts";

/** How an operation ended well. */
export interface OperationOutcome {
  /** Of the plain answer. */
  status: number;
  data: Record<string, unknown>;
  /** Of the `complete` event. */
  complete: Record<string, unknown>;
}

export const wantsEvents = ({ headers }: FastifyRequest): boolean =>
  headers.accept?.includes("text/event-stream") ?? false;

/** The operation's end, for the audit trail: an event stream says 200 whatever comes of it. */
export type Settle = (status: number, error?: string) => Promise<void>;

export interface OperationOptions {
  request: FastifyRequest;
  reply: FastifyReply;
  settle: Settle;
  log: Log;
}

/**
 * Runs an operation and tells of it as the client asked: step by step, or once at its end
 * (docs/spec/server-api.md "Progress streams"). It goes on when the client leaves.
 */
export const answerOperation = async (
  { request, reply, settle, log }: OperationOptions,
  work: (report: ReportProgress) => Promise<OperationOutcome>,
): Promise<FastifyReply> => {
  if (!wantsEvents(request)) {
    const { status, data } = await work(() => undefined);
    return reply.code(status).send({ success: true, data });
  }
  const stream = openEventStream(reply);
  let stage = "validating";
  try {
    const { status, complete } = await work((progress) => {
      ({ stage } = progress);
      stream.send("progress", progress);
    });
    await settle(status);
    stream.send("complete", complete);
  } catch (error) {
    const failure =
      error instanceof Failure
        ? error
        : new Failure(500, "InternalError", "Internal server error; the server's log has the details");
    if (failure !== error) log.error({ err: error, path: request.routeOptions.url }, "operation failed");
    await settle(failure.status, failure.message);
    stream.send("error", { error: failure.type, message: failure.message, stage });
  }
  stream.end();
  return reply;
};
