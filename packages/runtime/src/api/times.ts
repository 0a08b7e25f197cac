import { ApiError } from "@muxi/protocol";
import * as z from "zod";

const timeSchema = z.union([z.iso.datetime({ offset: true, local: true }), z.iso.date()]);

/**
 * An ISO 8601 time or day in a parameter, in Unix milliseconds; UTC when it names no zone.
 *
 * @throws ApiError `INVALID_PARAMETER` when it is none
 */
export const timeOf = (parameter: string, text: string): number => {
  if (!timeSchema.safeParse(text).success) {
    throw new ApiError(
      "INVALID_PARAMETER",
      `${parameter}: not an ISO 8601 time, such as 2026-01-31T08:00:00Z`,
    );
  }
  return Date.parse(!text.includes("T") || /(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
};
