import { ApiError, type ChatResultBody, headers, type routes } from "@muxi/protocol";
import type { AttachmentReader } from "../attachments/index.ts";
import type { Deliveries } from "../background/index.ts";
import { callerSpanOf } from "../base/index.ts";
import type { HttpResponse } from "../http/index.ts";
import type { Overlord, Run, Turn } from "../overlord/index.ts";
import { checkCallersTools } from "../tools/index.ts";
import { travelsUnseen } from "./address.ts";
import { type Endpoint, Reply, streamed } from "./endpoint.ts";
import { checkFormat } from "./format.ts";
import { idempotencyOf } from "./idempotency.ts";
import { checkMessage } from "./message.ts";
import type { Received } from "./received.ts";
import { streamEvents } from "./sse.ts";

/** How long a caller may be away before `on_disconnect: "cancel"` stops the answer, in milliseconds. */
const returnWithin = 10_000;

export interface ChatDeps {
  overlord: Overlord;
  attachments: AttachmentReader;
  deliveries: Deliveries;
  /** Characters (docs/spec/formation-files.md "Manifest: input_limits"). */
  longestMessage: number;
  /** Seconds after which a waiting caller is told that the answer will come in the background; undefined for never. */
  threshold: number | undefined;
  /** Whether agents may ask for credentials in a conversation, which must then be private. */
  takesCredentials: boolean;
}

/** Published SDKs that leave `stream` out want JSON (docs/spec/formation-api.md "Aliases for older clients"). */
const expectsEvents = ({ headers: { accept = "", ...sent } }: Received): boolean =>
  accept.includes("text/event-stream") ||
  (sent[headers.sdk] === undefined && !accept.includes("application/json"));

const stopIfNobodyReturns = (run: Run) => {
  const timer = setTimeout(() => {
    if (!run.log.heard) run.stop(new ApiError("CANCELLED", "Stopped: the caller's connection dropped"));
  }, returnWithin);
  timer.unref();
};

/** Aborted when the caller has left, who then would only keep others waiting. */
const untilLeft = (response: HttpResponse): AbortSignal => {
  const left = new AbortController();
  response.on("close", () => left.abort(new ApiError("CANCELLED", "The caller has left")));
  return left.signal;
};

/** `data` of a request that goes on in the background. */
const accepted = (request_id: string) =>
  new Reply(
    { request_id, status: "processing", status_url: `/v1/requests/${request_id}` } as const,
    request_id,
  );

/** `POST /chat` (docs/spec/formation-api.md "Chat" and "Accepting work"). */
export const chatEndpoint = (deps: ChatDeps): Endpoint<typeof routes.chat> => {
  const { overlord } = deps;

  /** Undefined when the answer took too long. */
  const resultWithin = async (run: Run, seconds: number | undefined) => {
    if (seconds === undefined) return run.result;
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, Math.min(seconds * 1000, 2 ** 31 - 1), undefined);
    });
    try {
      return await Promise.race([run.result, tooLong]);
    } finally {
      clearTimeout(timer);
    }
  };

  return async ({ body, userId, request, response }) => {
    checkMessage(body.message, deps.longestMessage);
    checkFormat(body.format);
    if (body.tools) checkCallersTools(body.tools);
    if (body.webhook_url !== undefined) await deps.deliveries.checkTarget(body.webhook_url);
    const isAsync = body.mode === "async" || body.use_async === true;
    const turn: Turn = {
      requestId: request.id,
      isFirst: request.idSource === "minted",
      mayReply: true,
      userId,
      message: body.message,
      sessionId: body.session_id ?? undefined,
      agentId: body.agent_id,
      format: body.format,
      tools: body.tools?.length ? body.tools : undefined,
      onBusy: body.on_busy,
      isPrivate: deps.takesCredentials ? travelsUnseen(request) : undefined,
      webhookUrl: body.webhook_url,
      attachments: body.files?.length
        ? await deps.attachments.read(body.files, userId, untilLeft(response))
        : undefined,
      idempotency: idempotencyOf(request),
      caller: callerSpanOf(request.headers.traceparent, { waits: !isAsync }),
    };
    if (isAsync) return accepted(await overlord.submit(turn));
    const run = await overlord.chat(turn);
    // Differs from the caller's own id when this call repeats an earlier one or answers its question.
    const { requestId } = run.identity;
    if (body.stream ?? expectsEvents(request)) {
      response.setHeader(headers.requestId, requestId);
      streamEvents(response, run.log, 0, () => {
        if (body.on_disconnect === "cancel") stopIfNobodyReturns(run);
      });
      return streamed;
    }
    const threshold = deps.threshold === undefined ? undefined : (body.threshold_seconds ?? deps.threshold);
    const result = await resultWithin(run, threshold);
    if (result) return new Reply<ChatResultBody>(result, requestId, run.endedAt);
    await overlord.continueInBackground(run);
    return accepted(requestId);
  };
};
