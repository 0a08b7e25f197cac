import { ConfigurationError } from "../errors/index.ts";

/** A random UUID (version 4). */
export const uuid = (): string => {
  const { crypto } = globalThis as { crypto?: Crypto };
  if (!crypto) throw new ConfigurationError("crypto", "is missing: import react-native-get-random-values");
  const randomDigit = () => ((crypto.getRandomValues(new Uint8Array(1))[0] ?? 0) & 15).toString(16);
  // Not available on pages that were loaded over plain HTTP, nor in React Native.
  return crypto.randomUUID?.() ?? "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replaceAll("x", randomDigit);
};

/** A new request id: `req_` and 21 letters and digits. */
export const newRequestId = (): string => `req_${uuid().replaceAll("-", "").slice(-21)}`;
