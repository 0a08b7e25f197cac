import type { ChatWireEvent, ErrorEvent, TextEvent } from "@muxi/protocol/types";
import { errorOfCode, type MuxiError } from "../errors/index.ts";
import { type Fields, firstText, isObject } from "../http/index.ts";
import { parseFrame } from "./decode.ts";

/** A kind of event that this version of the package does not know, with all the fields it came with. */
export interface UnknownEvent {
  /** Always `unknown`; `kind` has the server's name. */
  type: "unknown";
  /** The server's name for it. */
  kind: string;
  /** Session of the answer; absent when the server does not say. */
  session_id?: string;
  /** Request that is answered; absent when the server does not say. */
  request_id?: string;
  /** The event's own fields, as they were sent. */
  [field: string]: unknown;
}

/** `text` and `content` are the same text, whichever of them the wire has. */
export type WithText<Event> = Event extends { text: string }
  ? Event & {
      /** The text again. */
      content: string;
    }
  : Event extends { content: string }
    ? Event & {
        /** The content again. */
        text: string;
      }
    : Event extends { content?: string }
      ? Event & {
          /** The content again. */
          text?: string;
        }
      : Event;

/** A part of the answer. */
export type ChatTextEvent = WithText<TextEvent>;

/**
 * What a chat stream yields. An `error` of the server is not among them: it is thrown. A field that the wire of this
 * version always has may be missing when an older server answers, notably `usage` in `done`.
 */
export type ChatEvent = WithText<Exclude<ChatWireEvent, ErrorEvent>> | UnknownEvent;

/** The ids that a chat stream has named so far. */
export interface ChatOwner {
  /** Request that is answered. */
  requestId: string;
  /** Session of the answer; undefined until the server has named it. */
  sessionId: string | undefined;
}

const failure = (fields: Fields, owner: ChatOwner): MuxiError => {
  const { type, retry_after } = fields;
  const code = firstText(fields.code, type !== "error" && type) ?? "STREAM_ERROR";
  return errorOfCode(code, firstText(fields.message, fields.error) ?? "The stream failed", {
    requestId: owner.requestId,
    retryAfter: typeof retry_after === "number" ? retry_after : undefined,
    details: fields,
  });
};

/** Names that other servers use (docs/spec/formation-api.md "Streams of other servers"). */
type ReferenceKind = "chunk" | "content" | "response" | "completed" | "stream_completed";

/**
 * Turns the frames of a chat into events: those of this wire, whose data is the event, and those of other
 * servers, which wrap it in `token` or name it only in the frame (docs/spec/formation-api.md
 * "Streams of other servers").
 *
 * @param owner Kept up to date with the ids that the events carry.
 */
export const createChatDecoder = (
  owner: ChatOwner,
): ((name: string, data: string) => ChatEvent | undefined) => {
  let textSeen = false;

  const textEvent = (fields: Fields): ChatTextEvent => {
    textSeen = true;
    const text = firstText(fields.text, fields.content) ?? "";
    return { ...fields, type: "text", text, content: text };
  };

  const remember = ({ session_id, request_id }: Fields) => {
    if (typeof session_id === "string") owner.sessionId = session_id;
    if (typeof request_id === "string") owner.requestId = request_id;
  };

  const event = (name: string, fields: Fields, wrapped: boolean): ChatEvent | undefined => {
    const { type } = fields;
    remember(fields);
    // For these two the name of the frame decides: the payload of other servers has another `type`, or none.
    if (name === "error" || (type === "error" && !wrapped)) throw failure(fields, owner);
    const sent = name !== "done" && typeof type === "string" ? type : name;
    // A newer server may send other kinds: they pass through as unknown, after the switch. The fields of a known kind
    // are trusted: to check them would cost more than everything else here.
    const kind = sent as Exclude<ChatWireEvent["type"], "error"> | ReferenceKind;
    switch (kind) {
      case "text":
      case "chunk":
      case "content":
      case "response":
        return textEvent(fields);
      // The whole answer again. It counts only when no part of it came before, or those that came were dropped.
      case "completed":
        if (!textSeen) return textEvent(fields);
        if (!fields.stream_discontinuity) break;
        return { ...textEvent(fields), replace: true };
      case "done":
      case "stream_completed":
        return {
          ...fields,
          type: "done",
          request_id: owner.requestId,
          session_id: owner.sessionId,
        } as ChatEvent;
      case "ui":
        return { ...fields, type: "ui", ui: Array.isArray(fields.ui) ? fields.ui : [] };
      case "citation":
      case "progress":
      case "object":
      case "thinking":
      case "planning":
      case "tool_call":
      case "tool_result":
        return {
          ...fields,
          type: kind,
          ...(typeof fields.content === "string" && { text: fields.content }),
        } as ChatEvent;
      default:
        // A kind that is added to the wire does not compile until it has its case.
        kind satisfies never;
    }
    return { ...fields, type: "unknown", kind };
  };

  return (name, data) => {
    if (data === "" && name === "message") return undefined;
    const payload = parseFrame(name, data);
    if (typeof payload === "string") return textEvent({ text: payload });
    if (!isObject(payload)) return { type: "unknown", kind: name, data: payload };
    const { token } = payload;
    // By far the most frequent frame, so it is tried first: its data is the event.
    if (payload.type === "text" && typeof payload.text === "string") {
      textSeen = true;
      remember(payload);
      payload.content = payload.text;
      return payload as unknown as ChatTextEvent;
    }
    if (typeof token === "string") return textEvent({ text: token });
    const wrapped = isObject(token);
    return event(name, wrapped ? token : payload, wrapped);
  };
};
