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

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** A random UUID (version 4). `crypto.randomUUID` is missing on pages that were loaded over plain HTTP. */
export const uuid = (): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const text = Array.from(bytes, (byte, index) => {
    if (index === 6) return hex[(byte & 0x0f) | 0x40];
    if (index === 8) return hex[(byte & 0x3f) | 0x80];
    return hex[byte];
  }).join("");
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
};
