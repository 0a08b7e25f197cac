import { describe, expect, test } from "vitest";
import { dataFieldsOf, renderTemplate } from "./template.ts";

const data = {
  field: { name: "North", rows: [{ weight: 12.5, ripe: true }, null] },
  note: "${{ data.field.name }}",
  nothing: null,
};

test.each([
  ["Field ${{ data.field.name }}: ${{data.field.rows.0.weight}} kg", "Field North: 12.5 kg"],
  ["${{ data.field.rows.0 }}", '{"weight":12.5,"ripe":true}'],
  ["${{ data.field.rows }}", '[{"weight":12.5,"ripe":true},null]'],
  ["${{ data.nothing }} ${{ data.field.rows.0.ripe }}", "null true"],
  ["${{ data.note }}", "${{ data.field.name }}"],
  [
    "${{ secrets.KEY }} ${{ user.name }} ${{ data.a-b }}",
    "${{ secrets.KEY }} ${{ user.name }} ${{ data.a-b }}",
  ],
  ["No placeholder", "No placeholder"],
])("%s", (template, text) => {
  expect(renderTemplate("harvest", template, data, 1_000)).toBe(text);
});

describe("a path that the data does not have is named", () => {
  test.each([
    "missing",
    "field.missing.name",
    "field.rows.7.weight",
    "field.rows.x",
    "field.name.first",
    "nothing.more",
    "field..name",
    "field.constructor",
    "__proto__",
  ])("%s", (path) => {
    expect(() => renderTemplate("harvest", `It is \${{ data.${path} }}`, data, 1_000)).toThrow(
      `The template of trigger 'harvest' cannot be rendered: the data has no '${path}'`,
    );
  });
});

test("a template that repeats its data is cut at the limit of a message", () => {
  const large = { text: "x".repeat(400_000) };
  const template = "${{ data.text }}".repeat(10_000);
  expect(() => renderTemplate("harvest", template, large, 1_000_000)).toThrow("more than 1000000 characters");
  expect(renderTemplate("harvest", template.slice(0, 32), large, 800_000)).toHaveLength(800_000);
});

test("lists the fields that a template uses", () => {
  expect(dataFieldsOf("${{ data.b.0 }} ${{data.a}} ${{ data.b.0 }} ${{ secrets.X }}")).toEqual(["b.0", "a"]);
});
