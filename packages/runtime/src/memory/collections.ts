/** The categories of memories (docs/spec/formation-files.md "Long-term memory"). */
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

/** Other names by which callers may call a collection. */
const otherNames: Readonly<Record<string, Collection>> = {
  preference: "preferences",
  relationship: "relationships",
  activity: "activities",
  goal: "goals",
  identity: "user_identity",
  conversation: "conversations",
};

/** The collection for a type of memory; `context` for unknown types. */
export const collectionOf = (type: string): Collection => {
  const name = type.trim().toLowerCase();
  return (
    collections.find((collection) => collection === name) ??
    (Object.hasOwn(otherNames, name) ? otherNames[name] : undefined) ??
    "context"
  );
};

/** The collections that say who a user is. They change seldom. */
export const identityCollections: readonly Collection[] = ["user_identity", "preferences", "relationships"];
