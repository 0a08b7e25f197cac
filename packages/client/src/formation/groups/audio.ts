import type { ChatResult } from "@muxi/protocol/types";
import type { CallOptions, Result, StreamOptions } from "../../http/index.ts";
import type { ChatStream } from "../../stream/index.ts";
import {
  askStream,
  askWhole,
  asyncMethod,
  type ChatPayload,
  type FormationCall,
  type ForUser,
  streamMethod,
} from "../index.ts";

/** Recordings in place of a message. The `content_type` of each file begins with `audio/`. */
export type AudioPayload = Pick<ChatPayload, "session_id" | "request_id" | "agent_id"> &
  Required<Pick<ChatPayload, "files">>;

/** Chats by voice (docs/spec/formation-api.md "Audio chat"). */
export interface AudioMethods {
  /** Sends recordings and waits for the whole answer. */
  chat(payload: AudioPayload, options?: CallOptions & ForUser): Promise<Result<ChatResult>>;

  /** Sends recordings and gives the answer as it comes. Nothing is sent before the stream is read. */
  chatStream(payload: AudioPayload, options?: StreamOptions & ForUser): ChatStream;
}

const audioCall = {
  method: "POST",
  path: "/audiochat",
  key: "client",
  user: "optional",
} as const satisfies FormationCall;

export const createAudio = (): AudioMethods => ({
  chat: asyncMethod("audioChat", "{ files }, { userId }", (caller, payload, options) =>
    askWhole(caller, audioCall, payload, options),
  ),
  chatStream: streamMethod("audioChatStream", "{ files }, { userId }", (caller, payload, options = {}) =>
    askStream(caller, audioCall, payload, options),
  ),
});
