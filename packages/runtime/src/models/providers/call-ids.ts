/**
 * Gives each call of an answer an id that no other one has: results are told apart by them, and servers give none, or
 * the same one twice.
 */
export const createCallIds = (): ((given: string) => string) => {
  const taken = new Set<string>();
  return (given) => {
    const id = given === "" || taken.has(given) ? `call_${crypto.randomUUID()}` : given;
    taken.add(id);
    return id;
  };
};
