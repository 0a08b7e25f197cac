import { expect, test } from "vitest";
import { list, sql } from "./statement.ts";

test("values become parameters, statements become text", () => {
  const owner = sql`user_id = ${"ann"}`;
  expect(sql`select id from session where ${owner} and id in (${list(["a", "b"])}) limit ${5}`).toEqual({
    text: "select id from session where user_id = ? and id in (?, ?) limit ?",
    values: ["ann", "a", "b", 5],
  });
});

test("a text is never part of the statement", () => {
  const hostile = "'; drop table session; --";
  expect(sql`select ${hostile}`).toEqual({ text: "select ?", values: [hostile] });
});
