/** Where memories are filed (docs/spec/formation-files.md "Long-term memory"). */
export const collections = [
  "user_identity",
  "preferences",
  "relationships",
  "activities",
  "goals",
  "history",
  "context",
  "conversations",
] as const;

export type Collection = (typeof collections)[number];

/** What callers write for a collection besides its own name. */
const otherNames: Readonly<Record<string, Collection>> = {
  preference: "preferences",
  relationship: "relationships",
  activity: "activities",
  goal: "goals",
  identity: "user_identity",
  conversation: "conversations",
};

/** The collection of a memory of some type; `context` when nobody knows the type. */
export const collectionOf = (type: string): Collection => {
  const name = type.trim().toLowerCase();
  return (
    collections.find((collection) => collection === name) ??
    (Object.hasOwn(otherNames, name) ? otherNames[name] : undefined) ??
    "context"
  );
};

/** Collections that say who a user is, and seldom change. */
export const identityCollections: readonly Collection[] = ["user_identity", "preferences", "relationships"];
