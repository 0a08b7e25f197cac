/** The span that a caller named in `traceparent` (docs/spec/formation-files.md "OpenTelemetry"). */
export interface CallerSpan {
  traceId: string;
  spanId: string;
  /** Whether the caller records its trace. */
  isSampled: boolean;
  /** Whether the caller waits for the answer, so that the request belongs into its trace. */
  waits: boolean;
}

/** Ids of zeros and the version ff are invalid; versions after 00 may append fields (W3C Trace Context). */
const pattern = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-|$)/;

/**
 * Reads a `traceparent`.
 *
 * @param sent Value of the header. What is not valid counts as absent, as the standard requires.
 */
export const callerSpanOf = (
  sent: string | string[] | undefined,
  { waits }: Pick<CallerSpan, "waits">,
): CallerSpan | undefined => {
  if (typeof sent !== "string") return undefined;
  const [, version, traceId, spanId, flags, end] = pattern.exec(sent) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (version === "00" && end !== "") return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1, waits };
};
