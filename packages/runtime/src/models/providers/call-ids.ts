/** OpenAI refuses ids of more than 40 characters, also in what another model has begun. */
const newId = (): string => `call_${crypto.randomUUID().replaceAll("-", "")}`;

/**
 * Gives each call of an answer an id that no other one has: results are told apart by them, and servers give none, or
 * the same one twice.
 */
export const createCallIds = (): ((given: string) => string) => {
  const taken = new Set<string>();
  return (given) => {
    const id = given === "" || taken.has(given) ? newId() : given;
    taken.add(id);
    return id;
  };
};
