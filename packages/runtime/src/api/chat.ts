import { ApiError, type routes } from "@muxi/protocol";
import type { Overlord, Run } from "../overlord/index.ts";
import { type Endpoint, streamed } from "./endpoint.ts";
import { streamEvents } from "./sse.ts";

/** How long a caller may be away before `on_disconnect: "cancel"` stops the answer, in milliseconds. */
const returnWithin = 10_000;

const stopIfNobodyReturns = (run: Run) => {
  const timer = setTimeout(() => {
    if (!run.log.heard) run.stop(new ApiError("CANCELLED", "Stopped: the caller's connection dropped"));
  }, returnWithin);
  timer.unref();
};

/** `POST /chat` (contract/formation-api.md 4.2, 5.1). */
export const chatEndpoint = (deps: {
  overlord: Overlord;
  /** Characters (contract/formation.md 2.3). */
  longestMessage: number;
}): Endpoint<typeof routes.chat> => {
  return async ({ body, userId, request, reply }) => {
    if (body.message.trim() === "") throw new ApiError("INVALID_REQUEST", "The message is blank");
    if (body.message.length > deps.longestMessage) {
      throw new ApiError(
        "INVALID_PARAMS",
        `The message has ${body.message.length} characters; the limit is ${deps.longestMessage} (input_limits.max_message_length)`,
      );
    }
    if (body.mode === "async") {
      throw new ApiError("NOT_IMPLEMENTED", "Chat does not run in the background yet: leave out mode");
    }
    if (body.files && body.files.length > 0) {
      throw new ApiError("NOT_IMPLEMENTED", "Chat does not take files yet: put their text into the message");
    }
    const run = await deps.overlord.chat({
      requestId: request.id,
      userId,
      message: body.message,
      sessionId: body.session_id ?? undefined,
      agentId: body.agent_id,
    });
    if (!body.stream) return run.result;
    streamEvents(reply, run.log, 0, () => {
      if (body.on_disconnect === "cancel") stopIfNobodyReturns(run);
    });
    return streamed;
  };
};
