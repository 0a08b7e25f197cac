import type { Migration } from "./migration.ts";

/** A request keeps which model answered it and what that took, also when it failed. */
export const tokensOfARequest: Migration = {
  name: "tokens of a request",
  statements: () => [
    "alter table request add column model text",
    "alter table request add column input_tokens bigint",
    "alter table request add column output_tokens bigint",
    "alter table request add column cached_tokens bigint",
    "alter table request add column cache_write_tokens bigint",
  ],
};
