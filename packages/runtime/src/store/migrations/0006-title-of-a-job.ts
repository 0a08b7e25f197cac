import type { Migration } from "./migration.ts";

/** A job has a title of its own, which its users gave it to find it again. */
export const titleOfAJob: Migration = {
  name: "title of a job",
  statements: () => ["alter table job add column title text"],
};
