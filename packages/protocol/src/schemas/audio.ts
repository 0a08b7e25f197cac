import * as z from "zod";
import { namedRequest } from "../base/index.ts";
import { attachmentSchema, chatRequestSchema } from "./chat.ts";

/** Body of `POST /audiochat` (docs/spec/formation-api.md "Audio chat"). */
export const audioChatRequestSchema = namedRequest(
  "AudioChatRequest",
  "A chat by voice: recordings take the place of the message.",
  () => {
    const { filename, content, content_type, size } = attachmentSchema().shape;
    return chatRequestSchema()
      .pick({ session_id: true, request_id: true, agent_id: true, user_id: true, stream: true })
      .extend({
        files: z
          .array(
            z.object({
              filename,
              content,
              content_type: content_type
                .optional()
                .describe("Media type, which begins with `audio/`; needed without `mime_type`"),
              mime_type: z.string().min(1).optional().describe("Another name for `content_type`"),
              size,
            }),
          )
          .default([])
          .describe("Recordings, 1 to 5 of at most 10 MB each; their transcripts are joined"),
      });
  },
);
