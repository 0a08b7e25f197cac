import type { OperationComplete, OperationError } from "@muxi/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { asFailure } from "../base/disk.ts";
import { Failure } from "../base/failure.ts";
import type { Log } from "../logs/index.ts";
import type { ReportProgress } from "../reader/index.ts";
import { openEventStream } from "./event-stream.ts";
import { isStreamPath } from "./parse.ts";

/** The result of a successful operation. */
export interface OperationOutcome<Data extends object = object> {
  /** Status of the plain response. */
  status: number;
  /** Data of the plain response. */
  data: Data;
  /** Data of the `complete` event. */
  complete: OperationComplete;
}

export const wantsEvents = (request: FastifyRequest): boolean =>
  isStreamPath(request) || (request.headers.accept?.includes("text/event-stream") ?? false);

/** Records the operation's end in the audit trail: the status of an event stream is 200 in any case. */
export type Settle = (status: number, error?: string) => Promise<void>;

export interface OperationOptions {
  request: FastifyRequest;
  reply: FastifyReply;
  settle: Settle;
  log: Log;
}

/**
 * Runs an operation and responds as the client asked: with an event for each step, or once at its end
 * (docs/spec/server-api.md "Progress streams"). The operation continues if the client disconnects.
 */
export const respondWithOperation = async (
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
    const told = asFailure(error);
    if (told === undefined) log.error({ err: error, path: request.routeOptions.url }, "operation failed");
    const failure =
      told ?? new Failure(500, "InternalError", "Internal server error; see the server's log for details");
    await settle(failure.status, failure.message);
    const data: OperationError = {
      error: failure.type,
      message: failure.message,
      code: failure.status,
      stage,
    };
    stream.send("error", data);
  }
  stream.end();
  return reply;
};
