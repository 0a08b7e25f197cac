/** The schemas as JSON Schema, and the OpenAPI document of a formation. */
export * from "./json-schema.ts";
export * from "./openapi.ts";
