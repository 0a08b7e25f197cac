import { expect, test } from "vitest";
import { fitSchema, serverArguments } from "./tool-schema.ts";

const fit = (schema: unknown) => fitSchema(schema).schema;

test("an object without properties gets an empty list of them, at every level", () => {
  expect(fit(undefined)).toEqual({ type: "object", properties: {} });
  expect(fit({ type: "object", properties: null, required: null })).toEqual({
    type: "object",
    properties: {},
  });
  expect(fit({ type: "object", properties: { where: { type: "object" } } }).properties).toEqual({
    where: { type: "object", properties: {} },
  });
});

test("forms at the root become one object that requires what all of them require", () => {
  const one = {
    type: "object",
    properties: { id: { type: "string" }, kind: { const: "a" } },
    required: ["id", "kind"],
  };
  const other = {
    type: "object",
    properties: { id: { type: "string" }, kind: { const: "b" } },
    required: ["id"],
  };
  for (const key of ["anyOf", "oneOf"]) {
    expect(fit({ type: "object", [key]: [one, other] })).toEqual({
      type: "object",
      properties: { id: { type: "string" }, kind: { anyOf: [{ const: "a" }, { const: "b" }] } },
      required: ["id"],
    });
  }
  expect(
    fit({ allOf: [one, { properties: { size: { type: "number" } }, required: ["size"] }] }),
  ).toMatchObject({
    properties: { size: { type: "number" } },
    required: ["id", "kind", "size"],
  });
  expect(fit({ type: "object", properties: { a: {} }, not: { required: ["a"] }, enum: [{}] })).toEqual({
    type: "object",
    properties: { a: {} },
  });
});

test("arrays get items, tuples among them", () => {
  expect(
    fit({
      type: "object",
      properties: {
        list: { type: "array" },
        maybe: { type: ["array", "null"] },
        pair: { type: "array", items: [{ type: "string" }, { type: "array" }] },
      },
    }).properties,
  ).toEqual({
    list: { type: "array", items: {} },
    maybe: { type: ["array", "null"], items: {} },
    pair: { type: "array", items: { anyOf: [{ type: "string" }, { type: "array", items: {} }] } },
  });
});

test("what no schema may hold is left out, and the rest of the tool stays", () => {
  const one = (schema: object) => fit({ type: "object", properties: { a: schema } }).properties;
  const left = (schema: object, rest: object) => expect(one(schema)).toEqual({ a: rest });
  for (const type of ["str", "any", null, [], ["int"], 7]) left({ type, title: "A" }, { title: "A" });
  left({ type: "STRING" }, { type: "string" });
  left({ type: ["string", "null", "str"] }, { type: ["string", "null"] });
  left({ description: null, title: 5, format: null, pattern: "(" }, {});
  left({ minimum: null, maximum: "9", exclusiveMinimum: true, minLength: -1, maxItems: 1.5 }, {});
  left({ enum: null }, {});
  left({ enum: [] }, {});
  left({ examples: "x", uniqueItems: "yes", dependencies: null }, {});
  left({ const: null, default: null, minimum: 0 }, { const: null, default: null, minimum: 0 });
  left(
    { type: "object", properties: { type: { type: "string" } }, required: ["type", "type"] },
    { type: "object", properties: { type: { type: "string" } }, required: ["type"] },
  );
  expect(fit({ type: "OBJECT", properties: { a: true } })).toEqual({ type: "object", properties: { a: {} } });
  expect(fit(true)).toEqual({ type: "object", properties: {} });
});

test("references go on working: the root's own is followed, the others stay with their definitions", () => {
  const tree = {
    type: "object",
    properties: { children: { type: "array", items: { $ref: "#/$defs/tree" } } },
  };
  expect(fit({ $ref: "#/$defs/tree", $defs: { tree } })).toEqual({ ...tree, $defs: { tree } });
  expect(
    fit({ type: "object", properties: { a: { $ref: "#/definitions/no" }, b: { $ref: "https://x/y" } } }),
  ).toEqual({
    type: "object",
    properties: { a: {}, b: {} },
  });
});

test("an argument that providers refuse by its name gets another one, and the server its own", () => {
  const fitted = fitSchema({
    type: "object",
    properties: { $filter: { type: "string" }, _filter: {}, größe: {} },
    required: ["$filter"],
  });
  expect(Object.keys(fitted.schema.properties ?? {})).toEqual(["_filter_2", "_filter", "gr__e"]);
  expect(fitted.schema.required).toEqual(["_filter_2"]);
  expect(serverArguments({ _filter_2: "a", _filter: 1 }, fitted)).toEqual({ $filter: "a", _filter: 1 });
});

test("what describes no object cannot be used; a few references cannot make it endless", () => {
  expect(() => fit({ type: "string" })).toThrow('its arguments are of type "string", not "object"');
  expect(() => fit(7)).toThrow("its schema is not an object");
  const $defs = Object.fromEntries(
    Array.from({ length: 40 }, (_, level) => [
      `d${level}`,
      { allOf: [{ $ref: `#/$defs/d${level + 1}` }, { $ref: `#/$defs/d${level + 1}` }] },
    ]),
  );
  expect(() => fit({ $ref: "#/$defs/d0", $defs })).toThrow("too many forms");
});
