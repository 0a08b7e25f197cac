const wideEncoding = (bytes: Uint8Array): "utf-16le" | "utf-16be" | undefined => {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  // Without a mark: text nearly always begins with ASCII, of which UTF-16 makes every other byte zero.
  if (bytes.length < 2 || bytes.length % 2 !== 0) return undefined;
  if (first !== 0 && second === 0) return "utf-16le";
  return first === 0 && second !== 0 ? "utf-16be" : undefined;
};

/**
 * The text of a file, whichever system wrote it (docs/spec/formation-files.md "The folder"): UTF-8 or UTF-16, with or
 * without a byte order mark, else another encoding. Line ends stay as they are.
 *
 * @param other Says the encoding of what is neither: Windows-1252, of which Latin-1 is a part, unless it knows better.
 */
export const decodeText = (
  bytes: Uint8Array,
  other: (bytes: Uint8Array) => string = () => "windows-1252",
): string => {
  const wide = wideEncoding(bytes);
  if (wide) return new TextDecoder(wide).decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return new TextDecoder(other(bytes)).decode(bytes);
  }
};
