import * as z from "zod";
import { lazy } from "../base/index.ts";

/** An id in a path. */
export const id = (what: string) => z.string().min(1).max(200).describe(what);
export const agentId = lazy(() => z.object({ agent_id: id("Id of the agent") }));
export const sessionId = lazy(() => z.object({ session_id: id("Id of the session") }));
export const requestId = lazy(() => z.object({ request_id: id("Id of the request") }));
export const requestOfSession = lazy(() => sessionId().extend(requestId().shape));
export const fileName = lazy(() => z.object({ name: id("Name of the trigger, procedure or skill") }));

/** `data` of a route whose only answer is a stream. */
export const noData = lazy(() => z.object({}));
