import { ApiError, type ChatRequestBody } from "@muxi/protocol";
import { schemaProblem } from "../base/index.ts";

/** @throws ApiError `INVALID_PARAMS` when the schema of an answer cannot be used */
export const checkFormat = (format: ChatRequestBody["format"]): void => {
  const problem = typeof format === "object" ? schemaProblem(format.schema) : undefined;
  if (problem !== undefined)
    throw new ApiError("INVALID_PARAMS", `The schema of the answer cannot be used: ${problem}`);
};
