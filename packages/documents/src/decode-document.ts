import { decodeText } from "./base/decode.ts";

/** The text of a document, in the encoding that its bytes look like. Line ends stay as they are. */
export const decodeDocument = async (bytes: Uint8Array): Promise<string> => {
  let isKnown = true;
  const text = decodeText(bytes, () => {
    isKnown = false;
    return "windows-1252";
  });
  if (isKnown) return text;
  const { guessedEncoding } = await import("./readers/encoding.ts");
  return decodeText(bytes, guessedEncoding);
};
