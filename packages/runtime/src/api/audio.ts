import { ApiError, chatRequestSchema, type routes } from "@muxi/protocol";
import { decodeFile } from "../attachments/index.ts";
import type { TranscriptionModel } from "../models/index.ts";
import type { Endpoint } from "./endpoint.ts";

const mostRecordings = 5;
/** Largest recording, in bytes (docs/spec/formation-api.md "Audio chat"). */
const largestRecording = 10 * 2 ** 20;
/** Time limit for all recordings of a message, in milliseconds. */
const longestTranscription = 300_000;

/**
 * `POST /audiochat` (docs/spec/formation-api.md "Audio chat"): transcribes the recordings and chats with the text.
 */
export const audioChatEndpoint = (deps: {
  chat: Endpoint<typeof routes.chat>;
  /** Undefined when the formation names no model for audio. */
  transcription: TranscriptionModel | undefined;
  /** Bytes (`input_limits.max_file_size_bytes`). */
  largestFile: number;
}): Endpoint<typeof routes.audioChat> => {
  return async (call) => {
    const { files, ...rest } = call.body;
    if (files.length === 0 || files.length > mostRecordings) {
      throw new ApiError("VALIDATION_ERROR", `files: send one recording or more, at most ${mostRecordings}`);
    }
    const recordings = files.map(({ mime_type, content_type = mime_type ?? "", ...file }) => {
      if (!content_type.startsWith("audio/")) {
        throw new ApiError(
          "VALIDATION_ERROR",
          `${file.filename} is not audio (${content_type || "it has no content_type"}): send a content_type that begins with audio/`,
        );
      }
      const bytes = decodeFile({ ...file, content_type }, Math.min(largestRecording, deps.largestFile));
      return { filename: file.filename, mediaType: content_type, bytes };
    });
    const { transcription } = deps;
    if (!transcription) {
      throw new ApiError(
        "SERVICE_UNAVAILABLE",
        "The formation names no model for speech: add one to llm.models, such as - audio: openai/whisper-1",
      );
    }
    const signal = AbortSignal.timeout(longestTranscription);
    const texts: string[] = [];
    for (const recording of recordings) texts.push(await transcription.transcribe(recording, signal));
    const message = texts.join("\n").trim();
    if (message === "") throw new ApiError("VALIDATION_ERROR", "The recording contains no speech");
    return deps.chat({ ...call, body: chatRequestSchema().parse({ ...rest, message }) });
  };
};
