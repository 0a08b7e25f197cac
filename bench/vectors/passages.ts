/** Numbers from 0 to 1, the same each time. */
const seeded = (seed: number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

/** Numbers that a vector is made of: models fill many fewer dimensions than they have. */
const innerDimensions = 40;
/** Vectors of one subject, on average. */
const ofSubject = 500;

export interface Vectors {
  /** One after another, each of length 1. */
  all: Float32Array;
  /** Vectors near the others that are none of them. */
  questions: Float32Array[];
}

/**
 * Vectors as an embedding model makes them, as far as that can be imitated: they gather around subjects, fill few of their
 * dimensions, and all lean in one direction.
 */
export const makeVectors = (count: number, dimensions: number, questions: number): Vectors => {
  const random = seeded(7);
  const normal = () => Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
  const noise = Float32Array.from({ length: 2 ** 16 }, normal);
  const directions = Float32Array.from(
    { length: innerDimensions * dimensions },
    () => normal() / Math.sqrt(innerDimensions),
  );
  const lean = Float32Array.from({ length: dimensions }, normal);
  const subjects = Math.max(2, Math.round(count / ofSubject));
  const centres = Float32Array.from({ length: subjects * innerDimensions }, normal);

  const write = (into: Float32Array, at: number): void => {
    const vector = into.subarray(at, at + dimensions);
    const centre = Math.floor(random() * subjects) * innerDimensions;
    vector.set(lean);
    for (let inner = 0; inner < innerDimensions; inner++) {
      const value = (centres[centre + inner] ?? 0) + 0.7 * normal();
      const from = inner * dimensions;
      for (let index = 0; index < dimensions; index++) {
        vector[index] = (vector[index] ?? 0) + value * (directions[from + index] ?? 0);
      }
    }
    const from = Math.floor(random() * (noise.length - dimensions));
    let square = 0;
    for (let index = 0; index < dimensions; index++) {
      const value = (vector[index] ?? 0) + 0.15 * (noise[from + index] ?? 0);
      vector[index] = value;
      square += value * value;
    }
    const length = Math.sqrt(square);
    for (let index = 0; index < dimensions; index++) vector[index] = (vector[index] ?? 0) / length;
  };

  const all = new Float32Array(count * dimensions);
  for (let place = 0; place < count; place++) write(all, place * dimensions);
  return {
    all,
    questions: Array.from({ length: questions }, () => {
      const question = new Float32Array(dimensions);
      write(question, 0);
      return question;
    }),
  };
};

/** The places of the vectors whose cosine with another one is greatest, greatest first. */
export const exactlyNearest = (all: Float32Array, wanted: Float32Array, limit: number): number[] => {
  const dimensions = wanted.length;
  const products = new Float32Array(all.length / dimensions);
  for (let place = 0; place < products.length; place++) {
    const at = place * dimensions;
    let product = 0;
    for (let index = 0; index < dimensions; index++) product += (all[at + index] ?? 0) * (wanted[index] ?? 0);
    products[place] = product;
  }
  const best: number[] = [];
  for (let place = 0; place < products.length; place++) {
    const product = products[place] ?? 0;
    if (best.length === limit && product <= (products[best.at(-1) ?? 0] ?? 0)) continue;
    let before = best.length;
    while (before > 0 && (products[best[before - 1] ?? 0] ?? 0) < product) before -= 1;
    best.splice(before, 0, place);
    if (best.length > limit) best.pop();
  }
  return best;
};
