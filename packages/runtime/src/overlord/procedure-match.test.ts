import type { Sop } from "@muxi/formation";
import { expect, test } from "vitest";
import { createProcedureMatch } from "./procedure-match.ts";

const sop = (name: string, more: Partial<Sop>): Sop => ({
  name,
  title: name.replaceAll("-", " "),
  description: undefined,
  mode: "template",
  tags: [],
  mustBeApproved: false,
  model: undefined,
  synthesis: true,
  steps: [],
  about: "",
  agents: [],
  files: [],
  skills: [],
  content: "",
  metadata: {},
  file: `sops/${name}.md`,
  ...more,
});

const { called, said } = createProcedureMatch([
  sop("frost-alarm", { tags: ["frost", "weather"] }),
  sop("harvest", { tags: ["apples", "picking"] }),
  sop("art", { tags: ["money back", "Rückgabe", "возврат", "退款", "استرداد"] }),
  sop("Späternte", { description: "How the late harvest of pears is carried to the cold store" }),
]);

test.each([
  ["Start the frost alarm, please", "frost-alarm"],
  ["Frost?", "frost-alarm"],
  ["When is the harvest?", "harvest"],
  ["Can I have my money back?", "art"],
  ["Die RÜCKGABE, bitte", "art"],
  ["Мне нужен возврат", "art"],
  ["我想退款", "art"],
  ["أريد استرداد المبلغ", "art"],
  ["Are the pears in the cold store?", "Späternte"],
])("%j means %s", (message, name) => expect(said(message)?.name).toBe(name));

test("the one that has most in common with the message is meant", () => {
  expect(said("Frost alarm for the apples")?.name).toBe("frost-alarm");
  expect(said("Picking apples in frost")?.name).toBe("harvest");
});

test.each([
  "How is it?",
  "Hello",
  "",
  "alarm",
  "frosty",
  "Let's start",
  "Where is my money?",
  "Are pears cold?",
])("%j means none", (message) => expect(said(message)).toBeUndefined());

test.each([
  ["/frost-alarm in the north", "frost-alarm"],
  [" /Frost-Alarm", "frost-alarm"],
  ["/späternte", "Späternte"],
  ["/watering", undefined],
  ["/frost", undefined],
  ["frost-alarm", undefined],
])("%j calls %s", (message, name) => expect(called(message)?.name).toBe(name));
