import type { UIMessage } from "ai";
import { fieldsOf } from "../http/index.ts";

/** What a user has decided on a call that waited for it. */
export interface Decision {
  requestId: string;
  interruptId: string;
  action: "approve" | "deny";
  /** Why not. */
  value?: string;
  /** Of the message that goes on. */
  messageId: string;
}

/** The decision that the last message holds, by `addToolApprovalResponse` of the AI SDK. */
export const decisionIn = (messages: readonly UIMessage[]): Decision | undefined => {
  const message = messages.at(-1);
  if (message?.role !== "assistant") return undefined;
  const { interrupt, request_id: requestId } = fieldsOf(message.metadata);
  const { id: interruptId } = fieldsOf(interrupt);
  for (const part of message.parts) {
    const { state, approval } = fieldsOf(part);
    const { id, approved, reason } = fieldsOf(approval);
    if (state !== "approval-responded" || id !== interruptId) continue;
    if (typeof requestId !== "string" || typeof interruptId !== "string") continue;
    const said = typeof reason === "string" && approved !== true && { value: reason };
    return {
      requestId,
      interruptId,
      action: approved === true ? "approve" : "deny",
      ...said,
      messageId: message.id,
    };
  }
  return undefined;
};
