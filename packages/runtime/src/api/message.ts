import { ApiError } from "@muxi/protocol";

/**
 * Checks what a user says.
 *
 * @param longest Characters (docs/spec/formation-files.md "Manifest: input_limits").
 * @throws ApiError `INVALID_REQUEST` (blank), `INVALID_PARAMS` (too long)
 */
export const checkMessage = (message: string, longest: number): void => {
  if (message.trim() === "") throw new ApiError("INVALID_REQUEST", "The message is blank");
  if (message.length <= longest) return;
  throw new ApiError(
    "INVALID_PARAMS",
    `The message has ${message.length} characters; the limit is ${longest} (input_limits.max_message_length)`,
  );
};
