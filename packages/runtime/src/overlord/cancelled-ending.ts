import type { ApiError } from "@muxi/protocol";
import { EventLog } from "../events/index.ts";
import type { StoredRequest } from "../store/index.ts";

/** How a request ends that is cancelled while no process works on it. */
export const cancelledEnding = (
  { id, sessionId }: StoredRequest,
  { code, message }: ApiError,
  now: number,
) => {
  const event = {
    type: "error",
    code,
    message,
    error: message,
    session_id: sessionId,
    request_id: id,
  } as const;
  return { status: "cancelled", error: message, log: new EventLog().serialize(event), now } as const;
};
