/** The text of a body; undefined when it is longer than `limit` bytes, and then the rest is not read. */
export const readWithin = async (body: AsyncIterable<Buffer>, limit: number): Promise<string | undefined> => {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    if (size > limit) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
};
