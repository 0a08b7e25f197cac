const randomDigit = (): string => ((crypto.getRandomValues(new Uint8Array(1))[0] ?? 0) & 15).toString(16);

/** A random UUID (version 4). */
export const uuid = (): string =>
  // Not available on pages that were loaded over plain HTTP.
  crypto.randomUUID?.() ?? "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replaceAll("x", randomDigit);

/** A new request id: `req_` and 21 letters and digits. */
export const newRequestId = (): string => `req_${uuid().replaceAll("-", "").slice(-21)}`;
