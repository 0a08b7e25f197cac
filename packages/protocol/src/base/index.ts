/** What schemas and routes are made of: fields, names, ids, headers, errors. */
export * from "./errors.ts";
export * from "./fields.ts";
export * from "./headers.ts";
export * from "./ids.ts";
export * from "./json.ts";
export * from "./lazy.ts";
