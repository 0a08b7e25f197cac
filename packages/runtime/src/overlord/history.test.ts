import { expect, test } from "vitest";
import type { RecentMessage } from "../store/index.ts";
import { keptAtNextSlide, turnsInWindow, windowOf } from "./history.ts";

const message = (text: string): RecentMessage => {
  const [, role = "", request, content = ""] = /^([uas])(\d*):(.*)$/s.exec(text) ?? [];
  const roles = { u: "user", a: "assistant", s: "system" } as const;
  return {
    seq: 1,
    role: role === "u" || role === "a" || role === "s" ? roles[role] : "user",
    content,
    requestId: request || null,
    agentId: null,
  };
};
const shown = (texts: string[], most = 10) =>
  windowOf(texts.map(message), most).history.map(({ role, content }) => `${role[0]}:${content}`);
const unanswered = "a:(No answer was given to this message.)";

test.each<[string, string[], string[]]>([
  ["a plain conversation", ["u1:one", "a1:two"], ["u:one", "a:two"]],
  ["a turn that failed", ["u1:one", "u2:two", "a2:three"], ["u:one", unanswered, "u:two", "a:three"]],
  ["a blank answer", ["u1:one", "a1: \n", "u2:two", "a2:three"], ["u:one", unanswered, "u:two", "a:three"]],
  ["messages that came at once", ["u1:one", "u2:two", "a1:1", "a2:2"], ["u:one", "a:1", "u:two", "a:2"]],
  ["a window that begins with an answer", ["a1:1", "u2:two", "a2:2"], ["u:two", "a:2"]],
  [
    "a question and its answer",
    ["u1:plant", "a1:where?", "u1:north", "a1:done"],
    ["u:plant", "a:where?", "u:north", "a:done"],
  ],
  ["two answers of one request", ["u1:one", "a1:part", "a1:rest"], ["u:one", "a:part\n\nrest"]],
  ["notes of a restored session", ["s:Ann is here", "u:hi", "a:hello"], ["u:Ann is here\n\nhi", "a:hello"]],
  ["an empty session", [], []],
])("%s", (_, stored, expected) => {
  expect(shown(stored)).toEqual(expected);
});

test("the newest turns are shown", () => {
  expect(shown(["u1:1", "a1:1", "u2:2", "a2:2", "u3:3", "a3:3"], 2)).toEqual(["u:2", "a:2", "u:3", "a:3"]);
});

test("the window grows to twice its size, then falls back: its beginning stays where it is in between", () => {
  const begins = Array.from(
    { length: 21 },
    (_, before) => before - Math.min(before, turnsInWindow(5, before)),
  );
  expect(begins).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 5, 5, 5, 5, 10, 10, 10, 10, 10, 15]);
});

test("a slide is prepared once between two, before the window is full, and keeps what the window then has", () => {
  const least = 5;
  for (const from of [0.6, 0.8, 1]) {
    const preparing = Array.from({ length: 40 }, (_, before) => before).flatMap((before) => {
      const kept = keptAtNextSlide(least, before, from);
      return kept === undefined ? [] : [{ before, first: before + 1 - kept }];
    });
    expect(preparing.map(({ first }) => first)).toEqual([5, 10, 15, 20, 25, 30, 35]);
    for (const { before, first } of preparing) {
      const slide = first + least;
      expect(before).toBeLessThan(slide);
      expect(slide - turnsInWindow(least, slide)).toBe(first);
    }
  }
});
