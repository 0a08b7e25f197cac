import type { JsonObject } from "@muxi/protocol";
import { describe, expect, test } from "vitest";
import { problemsOf } from "./json-schema.ts";
import { schemaLimits, schemaProblem } from "./schema-limits.ts";

const tree = {
  $defs: {
    node: {
      type: "object",
      properties: { name: { type: "string" }, children: { type: "array", items: { $ref: "#/$defs/node" } } },
      required: ["name"],
      additionalProperties: false,
    },
  },
  $ref: "#/$defs/node",
};

describe("a value and its schema", () => {
  test.each<[string, unknown, unknown, string[]]>([
    ["a type", { type: "string" }, 1, ["The value must be of type string"]],
    ["one of several types", { type: ["string", "null"] }, null, []],
    ["whole numbers", { type: "integer" }, 1.5, ["The value must be of type integer"]],
    ["whole numbers as decimals", { type: "integer" }, 2.0, []],
    ["no list where an object is wanted", { type: "object" }, [], ["The value must be of type object"]],
    ["bounds", { minimum: 2, exclusiveMaximum: 5 }, 5, ["The value is not less than 5"]],
    ["multiples in decimals", { multipleOf: 0.1 }, 0.3, []],
    ["no multiples", { multipleOf: 2 }, 3, ["The value is no multiple of 2"]],
    ["characters, not their halves", { maxLength: 1 }, "🍐", []],
    ["lengths", { minLength: 2 }, "🍐", ["The value is shorter than 2"]],
    ["patterns", { pattern: "^p" }, "apple", ["The value does not match ^p"]],
    ["an enum", { enum: ["a", { b: [1] }] }, { b: [1] }, []],
    ["none of an enum", { enum: ["a"] }, "b", ['The value must be one of ["a"]']],
    ["a constant", { const: null }, 0, ["The value must be null"]],
    [
      "what is required, and nothing else",
      { properties: { a: {} }, required: ["a", "b"], additionalProperties: false },
      { c: 1 },
      ["The value lacks a", "The value lacks b", "/c must not be there"],
    ],
    [
      "no property of every object",
      { properties: { a: {} }, required: ["toString"], additionalProperties: false },
      JSON.parse('{"__proto__":1}'),
      ["The value lacks toString", "/__proto__ must not be there"],
    ],
    [
      "places within",
      { properties: { list: { items: { type: "number" } } } },
      { list: [1, "2"] },
      ["/list/1 must be of type number"],
    ],
    ["first items", { prefixItems: [{ type: "string" }], items: false }, ["a", 1], ["/1 must not be there"]],
    [
      "items that differ",
      { uniqueItems: true },
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
      ["The value has the same item twice"],
    ],
    [
      "contained items",
      { contains: { const: 1 }, maxContains: 1 },
      [1, 1],
      ["The value has 2 items that contains describes"],
    ],
    [
      "any form",
      { anyOf: [{ type: "string" }, { minimum: 3 }] },
      2,
      ["The value fits none of the forms of anyOf"],
    ],
    [
      "one form",
      { oneOf: [{ minimum: 1 }, { minimum: 2 }] },
      2,
      ["The value fits none or several of the forms of oneOf"],
    ],
    ["all forms", { allOf: [{ minimum: 1 }, { maximum: 1 }] }, 2, ["The value is more than 1"]],
    ["what is ruled out", { not: { type: "null" } }, null, ["The value has the form that not rules out"]],
    [
      "conditions",
      JSON.parse('{"if":{"minimum":5},"then":{"maximum":6},"else":false}'),
      7,
      ["The value is more than 6"],
    ],
    [
      "names by patterns",
      { patternProperties: { "^n_": { type: "number" } } },
      { n_a: "x" },
      ["/n_a must be of type number"],
    ],
    ["names", { propertyNames: { maxLength: 1 } }, { ab: 1 }, ["/ab is longer than 1"]],
    ["what others need", { dependentRequired: { a: ["b"] } }, { a: 1 }, ["The value lacks b, which a needs"]],
    ["forms of others", { dependentSchemas: { a: { required: ["b"] } } }, { a: 1 }, ["The value lacks b"]],
    ["references", tree, { name: "a", children: [{ name: "b" }, {}] }, ["/children/1 lacks name"]],
    ["unknown words", { sweet: true, format: "email" }, "no address", []],
  ])("%s", (_, schema, value, problems) => {
    expect(problemsOf(value, schema)).toEqual(problems);
  });

  test("tells of the first five problems", () => {
    expect(problemsOf(Array.from({ length: 50 }, String), { items: { type: "number" } })).toHaveLength(5);
  });

  const forms = (name: string) => ({
    anyOf: Array.from({ length: 40 }, () => ({ not: { not: { $ref: name } } })),
  });

  test.each<[string, JsonObject, unknown, string]>([
    ["a pattern", { pattern: "^(a+)+$" }, `${"a".repeat(60)}!`, "it and its schema take too long"],
    ["a circle", { $ref: "#" }, 1, "its schema refers to itself without end"],
    [
      "forms of forms",
      {
        ...forms("#/$defs/a"),
        $defs: {
          a: forms("#/$defs/b"),
          b: forms("#/$defs/c"),
          c: forms("#/$defs/d"),
          d: forms("#/$defs/e"),
          e: false,
        },
      },
      1,
      "it and its schema take too long",
    ],
  ])("%s without an end: the check is given up", (_, schema, value, why) => {
    expect(problemsOf(value, schema)).toEqual([`The value cannot be checked: ${why}`]);
  });
});

describe("a schema of a caller", () => {
  test.each<[JsonObject, string | undefined]>([
    [tree, undefined],
    [{ type: "object", properties: { $ref: { type: "string" } } }, undefined],
    [
      { $ref: "https://example.com/a.json" },
      "#: $ref https://example.com/a.json leads out of the schema: put what it names into $defs",
    ],
    [{ items: { $ref: "#/$defs/none" } }, "#/items: $ref #/$defs/none leads nowhere: use #/$defs/name"],
    [{ type: "str" }, '#: type "str" is none of JSON Schema\'s'],
    [{ properties: { a: { pattern: "(" } } }, "#/properties/a: pattern is no regular expression"],
    [{ required: "a" }, "#: required must be a list of names"],
    [{ enum: [] }, "#: enum must be a list with values"],
    [{ minimum: "1" }, "#: minimum must be a number"],
    [{ minItems: -1 }, "#: minItems must be a whole number from 0"],
    [{ multipleOf: 0 }, "#: multipleOf must be a number above 0"],
    [{ anyOf: [] }, "#/anyOf must be a schema"],
    [{ properties: [] }, "#/properties must be a schema"],
    [{ unevaluatedProperties: false }, "#: unevaluatedProperties is not supported"],
    [
      { description: "x".repeat(schemaLimits.length) },
      `it has ${schemaLimits.length + 18} characters; the limit is ${schemaLimits.length}`,
    ],
  ])("%j", (schema, problem) => {
    expect(schemaProblem(schema)).toBe(problem);
  });

  test("has a limit of depth", () => {
    let schema: JsonObject = {};
    for (let level = 0; level <= schemaLimits.depth; level += 1) schema = { items: schema };
    expect(schemaProblem(schema)).toBe(`it has more than ${schemaLimits.depth} levels`);
  });
});
