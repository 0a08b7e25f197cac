import * as z from "zod";
import { attachmentSchema, chatRequestSchema } from "./chat.ts";
import { namedRequest } from "./lazy.ts";

/**
 * Body of `POST /audiochat` (docs/spec/formation-api.md "Audio chat"): the speech takes the place of the
 * message.
 */
export const audioChatRequestSchema = namedRequest("AudioChatRequest", () => {
  const { filename, content, content_type, size } = attachmentSchema().shape;
  return chatRequestSchema()
    .pick({ session_id: true, request_id: true, agent_id: true, user_id: true, stream: true })
    .extend({
      files: z
        .array(
          z.object({
            filename,
            content,
            content_type: content_type.optional().describe("Begins with `audio/`"),
            mime_type: z.string().min(1).optional().describe("Another name for `content_type`"),
            size,
          }),
        )
        .default([])
        .describe("One recording or more; their texts are joined"),
    });
});
