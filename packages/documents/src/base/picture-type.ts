/** How the bytes of pictures begin, by their media types. */
const pictures: readonly [mediaType: string, begin: RegExp][] = [
  ["image/png", /^\x89PNG/],
  ["image/jpeg", /^\xff\xd8/],
  ["image/gif", /^GIF8/],
  ["image/webp", /^RIFF.{4}WEBP/s],
];

/** The media type of a picture, by its first bytes. */
export const pictureTypeOf = (bytes: Buffer): string | undefined => {
  const begin = bytes.toString("latin1", 0, 16);
  return pictures.find(([, pattern]) => pattern.test(begin))?.[0];
};
