/** The code of an error that a system call or one of Node's modules made, such as `ENOENT`; undefined for any other error. */
export const systemCode = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;

/** Whether an error has one of these codes. */
export const isSystemError = (error: unknown, ...codes: readonly string[]): boolean =>
  codes.includes(systemCode(error) ?? "");

/** Whether an error means a missing file or folder, or a link that leads nowhere. */
export const isMissing = (error: unknown): boolean => isSystemError(error, "ENOENT", "ENOTDIR", "ELOOP");
