import * as z from "zod";
import { lazy } from "../lazy.ts";

/** An id in a path. */
export const id = z.string().min(1).max(200);
export const agentId = lazy(() => z.object({ agent_id: id }));
export const sessionId = lazy(() => z.object({ session_id: id }));
export const requestId = lazy(() => z.object({ request_id: id }));
/** Of a trigger, an SOP or a skill. */
export const fileName = lazy(() => z.object({ name: id }));

/** `data` of a route that answers with a stream alone. */
export const noData = lazy(() => z.object({}));
