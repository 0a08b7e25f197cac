import type { Sop } from "@muxi/formation";
import { expect, test } from "vitest";
import { createProcedures } from "./procedures.ts";

const sop = (name: string, more: Partial<Sop>): Sop => ({
  name,
  title: name.replaceAll("-", " "),
  description: undefined,
  mode: "template",
  tags: [],
  model: undefined,
  synthesis: true,
  steps: [],
  about: "",
  agents: [],
  files: [],
  content: "",
  metadata: {},
  file: `sops/${name}.md`,
  ...more,
});

const step = (text: string, more = {}) => ({
  title: text,
  text,
  agent: undefined,
  model: undefined,
  tools: [],
  files: [],
  isParallel: false,
  isCritical: false,
  ...more,
});

const parallel = { isParallel: true };

const procedures = createProcedures([
  sop("frost-alarm", {
    tags: ["frost", "weather"],
    steps: [
      step("One"),
      step("Two", parallel),
      step("Three", parallel),
      step("Four"),
      step("Five"),
      step("Six", parallel),
    ],
  }),
  sop("harvest", { mode: "guide", tags: ["apples", "picking"], content: "Count the crates" }),
]);

const nameOf = (message: string) => {
  const applied = procedures.apply(message);
  return applied && ("plan" in applied ? applied.plan.procedure.name : applied.instruction);
};

test.each(["Start the frost alarm, please", "Frost?", "/frost-alarm in the north", " /frost-alarm"])(
  "%j means a procedure whose steps are carried out",
  (message) => expect(nameOf(message)).toBe("frost-alarm"),
);

test("a guide becomes an instruction, with its whole text", () => {
  const instruction = nameOf("When is the harvest?");
  expect(instruction).toContain("as a guide");
  expect(instruction).toContain("Count the crates");
});

test("the one that has most in common with the message is meant", () => {
  expect(nameOf("Frost alarm for the apples")).toBe("frost-alarm");
  expect(nameOf("Picking apples in frost")).toContain("crates");
});

test.each(["How is it?", "Hello", "", "alarm", "frosty", "/watering"])("%j means none", (message) => {
  expect(nameOf(message)).toBeUndefined();
});

test("a step waits for the one before it, parallel ones together for the one before them, the next for all of them", () => {
  const applied = procedures.apply("frost alarm");
  if (!applied || !("plan" in applied)) throw new Error("it has steps");
  expect(applied.plan.tasks.map(({ after }) => after)).toEqual([[], ["1"], ["1"], ["2", "3"], ["4"], ["5"]]);
});
