import * as z from "zod";

/** An id in a path. */
export const id = z.string().min(1).max(200);
export const sessionId = z.object({ session_id: id });
export const requestId = z.object({ request_id: id });
