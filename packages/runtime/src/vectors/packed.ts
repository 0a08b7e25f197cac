/** The largest signed 16-bit integer. */
const largest = 2 ** 15 - 1;

/**
 * A vector in 16-bit integers, scaled by its largest number: half the size to store, read and collect. Cosines keep
 * four digits even when one number is far larger than the rest, where 8 bits would lose one in ten of the nearest ten.
 * The vector's length is lost, which cosines do not need.
 */
export const packed = (vector: Float32Array): Uint8Array => {
  let most = 0;
  for (const value of vector) most = Math.max(most, Math.abs(value));
  const steps = most === 0 ? 0 : largest / most;
  return new Uint8Array(Int16Array.from(vector, (value) => Math.round(value * steps)).buffer);
};

/** The cosine of a vector of length 1 and a packed one; 0 when their models differ, by the number of dimensions. */
export const similarity = (wanted: Float32Array, bytes: Uint8Array): number => {
  const aligned = bytes.byteOffset % Int16Array.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  const numbers = new Int16Array(
    aligned.buffer,
    aligned.byteOffset,
    aligned.byteLength / Int16Array.BYTES_PER_ELEMENT,
  );
  if (wanted.length !== numbers.length) return 0;
  let product = 0;
  let square = 0;
  for (let index = 0; index < numbers.length; index++) {
    const value = numbers[index] ?? 0;
    product += value * (wanted[index] ?? 0);
    square += value * value;
  }
  return square === 0 ? 0 : product / Math.sqrt(square);
};
