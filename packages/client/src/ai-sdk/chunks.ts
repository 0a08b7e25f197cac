import type { FinishReason, UIMessageChunk } from "ai";
import type { ChatEvent, Interrupt } from "muxi-client";
import { sourceOf } from "./sources.ts";

const finishReasons: Record<string, FinishReason> = {
  stop: "stop",
  length: "length",
  tool_calls: "tool-calls",
  content_filter: "content-filter",
};

/** What a request waits for: calls that are to be approved or made as the AI SDK knows them, and all of it as data. */
const asking = (interrupt: Interrupt | undefined): UIMessageChunk[] => {
  if (!interrupt) return [];
  const { id: approvalId, tool, calls = [] } = interrupt;
  const toolCallId = tool?.id ?? approvalId;
  const call = tool && { toolCallId, toolName: tool.name, input: tool.arguments };
  return [
    ...(call
      ? [
          { type: "tool-input-available", ...call, dynamic: true, providerExecuted: true } as const,
          { type: "tool-approval-request", approvalId, toolCallId } as const,
        ]
      : []),
    ...calls.map(({ id, name: toolName, arguments: input }) => ({
      ...({ type: "tool-input-available", toolCallId: id, toolName, input, dynamic: true } as const),
      // Said aloud: until now the part was shown as one of the server's.
      providerExecuted: false,
    })),
    { type: "data-interrupt", data: interrupt },
  ];
};

/** A value as far as it is there: one part of the message, which grows. */
const objectPart = (data: unknown): UIMessageChunk[] =>
  data === undefined ? [] : [{ type: "data-object", id: "object", data }];

/**
 * Makes a function that turns the events of an answer, in order, into chunks for the AI SDK. With an event of a value it
 * is given the value as far as it is there.
 *
 * @param inStep Whether the message goes on in the step that it has, with the call that was decided on.
 */
export const createChunker = (
  messageId: string,
  inStep: boolean,
): ((event: ChatEvent, value?: unknown) => UIMessageChunk[]) => {
  const started: UIMessageChunk[] = [
    { type: "start", messageId },
    ...(inStep ? [] : [{ type: "start-step" } as const]),
  ];
  let open: { kind: "text" | "reasoning"; id: string } | undefined;
  let parts = 0;
  /** Calls that the message shows. */
  const called = new Set<string>();

  const close = (): UIMessageChunk[] => {
    const closed: UIMessageChunk[] = open === undefined ? [] : [{ type: `${open.kind}-end`, id: open.id }];
    open = undefined;
    return closed;
  };

  const grow = (kind: "text" | "reasoning", delta: string): UIMessageChunk[] => {
    if (open?.kind === kind) return [{ type: `${kind}-delta`, id: open.id, delta }];
    const closed = close();
    const id = String(++parts);
    open = { kind, id };
    return [...closed, { type: `${kind}-start`, id }, { type: `${kind}-delta`, id, delta }];
  };

  const chunks = (event: ChatEvent, value: unknown): UIMessageChunk[] => {
    switch (event.type) {
      case "text":
        if (event.replace) return [...close(), { type: "reset-step" }, ...grow("text", event.text)];
        return grow("text", event.text);
      case "thinking":
        return grow("reasoning", event.content);
      // Tools run on the server: the AI SDK only shows them. Those that the page runs it is asked for in the end.
      case "tool_call": {
        const { id: toolCallId, name: toolName, arguments: input } = event;
        called.add(toolCallId);
        const call = { toolCallId, toolName, input, dynamic: true, providerExecuted: true };
        return [...close(), { type: "tool-input-available", ...call }];
      }
      case "tool_result": {
        const { id: toolCallId, content, is_error } = event;
        // What the page has said itself comes again in the answer that goes on with it.
        if (!called.has(toolCallId)) return [];
        const call = { toolCallId, dynamic: true, providerExecuted: true };
        if (is_error) return [{ type: "tool-output-error", ...call, errorText: content }];
        return [{ type: "tool-output-available", ...call, output: content }];
      }
      case "ui":
        return [...close(), { type: "data-ui", data: event.ui }];
      case "citation": {
        const { type: _, session_id: __, request_id: ___, ...citation } = event;
        return [...close(), sourceOf(citation)];
      }
      case "done": {
        const { type: _, finished: __, finish_reason, metadata, ...rest } = event;
        const finishReason = finishReasons[finish_reason] ?? "other";
        const messageMetadata = { ...rest, ...metadata };
        return [
          ...close(),
          ...objectPart(event.object),
          ...asking(event.interrupt),
          { type: "finish-step" },
          { type: "finish", finishReason, messageMetadata },
        ];
      }
      case "unknown":
        return [{ type: `data-${event.kind}`, data: event, transient: true }];
      case "object":
        return objectPart(value);
      case "progress":
      case "planning":
        return [{ type: `data-${event.type}`, data: event, transient: true }];
      default:
        // A kind that is added to the wire does not compile until it has its case.
        event satisfies never;
        return [];
    }
  };

  return (event, value) => [...started.splice(0), ...chunks(event, value)];
};
