import * as z from "zod";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { readJson } from "../../base/json.ts";
import { type ChangeOptions, change } from "./change.ts";

const messageSchema = z.object({
  role: z.enum(["user", "assistant", "system"]),
  content: z.string(),
  timestamp: z.string().exactOptional(),
  agent_id: z.string().exactOptional(),
  metadata: z.record(z.string(), z.unknown()).exactOptional(),
});

/** What `muxi sessions messages --json` prints, or its messages alone. */
const fileSchema = z.union([
  z.array(messageSchema).min(1),
  z.object({ messages: z.array(messageSchema).min(1) }).transform(({ messages }) => messages),
]);

const messagesOf = async (context: Context, file: string): Promise<z.infer<typeof fileSchema>> => {
  const messages = fileSchema.safeParse(await readJson(context, file));
  if (messages.success) return messages.data;
  throw new CliError(`${file} holds no messages`, {
    detail: ["Each needs a role (user, assistant or system) and a content"],
    hint: "Make such a file with: muxi sessions messages <session> --json",
  });
};

/** `muxi sessions restore`: replaces the messages of a session by those of a file. */
export const restoreSession = async (
  context: Context,
  sessionId: string,
  file: string,
  options: ChangeOptions,
): Promise<number> => {
  const messages = await messagesOf(context, file);
  return change(
    context,
    options,
    (formation) => formation.restoreSession({ sessionId, messages }),
    ({ messages_loaded: count }) => `Restored ${count} messages to ${sessionId}`,
  );
};

/** `muxi sessions reword`: puts another text in the place of a message that waits. */
export const rewordMessage = (
  context: Context,
  sessionId: string,
  requestId: string,
  message: string,
  options: ChangeOptions,
): Promise<number> =>
  change(
    context,
    options,
    (formation) => formation.updateQueuedMessage({ sessionId, requestId, message }),
    () => `Changed the message of ${requestId}`,
  );

/** `muxi sessions withdraw`: takes back a message that waits. */
export const withdrawMessage = (
  context: Context,
  sessionId: string,
  requestId: string,
  options: ChangeOptions,
): Promise<number> =>
  change(
    context,
    options,
    (formation) => formation.deleteQueuedMessage({ sessionId, requestId }),
    () => `Took back the message of ${requestId}`,
  );
