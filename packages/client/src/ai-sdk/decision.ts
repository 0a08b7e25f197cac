import type { UIMessage } from "ai";
import type { FormationClient } from "muxi-client";
import { fieldsOf } from "../http/index.ts";

type InterruptAnswer = Parameters<FormationClient["answerRequest"]>[0];

/** What a page has said to what its last message waits for. */
export interface Decision {
  /** For `formation.answerRequest`. */
  answer: InterruptAnswer;
  /** Of the message that goes on. */
  messageId: string;
  /** Whether it goes on in the step that it has: calls of the page end a step. */
  inStep: boolean;
}

type Said = Omit<InterruptAnswer, "requestId" | "interruptId">;

/** Whether a call may be made, by `addToolApprovalResponse` of the AI SDK. */
const approvalIn = (parts: UIMessage["parts"], interruptId: string): Said | undefined => {
  for (const part of parts) {
    const { state, approval } = fieldsOf(part);
    const { id, approved, reason } = fieldsOf(approval);
    if (state !== "approval-responded" || id !== interruptId) continue;
    if (approved === true) return { action: "approve" };
    return { action: "deny", ...(typeof reason === "string" && { value: reason }) };
  }
  return undefined;
};

/** What has come of calls that the page makes, by `addToolOutput`; undefined until all have a result. */
const resultsIn = (parts: UIMessage["parts"], calls: readonly unknown[]): Said | undefined => {
  const step = parts.slice(parts.findLastIndex(({ type }) => type === "step-start") + 1).map(fieldsOf);
  const results = calls.flatMap((call) => {
    const { id } = fieldsOf(call);
    const { state, output, errorText } = step.find(({ toolCallId }) => toolCallId === id) ?? {};
    if (typeof id !== "string") return [];
    if (state === "output-error") return [{ id, content: String(errorText), is_error: true }];
    if (state !== "output-available") return [];
    const content = typeof output === "string" ? output : (JSON.stringify(output) ?? "");
    return [{ id, content, is_error: false }];
  });
  return calls.length > 0 && results.length === calls.length ? { action: "answer", results } : undefined;
};

/** The decision that the last message holds. */
export const decisionIn = (messages: readonly UIMessage[]): Decision | undefined => {
  const message = messages.at(-1);
  if (message?.role !== "assistant") return undefined;
  const { interrupt, request_id: requestId } = fieldsOf(message.metadata);
  const { id: interruptId, calls } = fieldsOf(interrupt);
  if (typeof requestId !== "string" || typeof interruptId !== "string") return undefined;
  const approval = approvalIn(message.parts, interruptId);
  const said = approval ?? resultsIn(message.parts, Array.isArray(calls) ? calls : []);
  return (
    said && {
      answer: { ...said, requestId, interruptId },
      messageId: message.id,
      inStep: approval !== undefined,
    }
  );
};
