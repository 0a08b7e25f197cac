import type { Sop } from "@muxi/formation";
import { expect, test } from "vitest";
import { createProcedures } from "./procedures.ts";

const sop = (name: string, metadata: Record<string, unknown>, steps: string[]): Sop => ({
  name,
  title: name.replaceAll("-", " "),
  steps,
  agents: [],
  files: [],
  content: "",
  metadata,
});

const procedures = createProcedures([
  sop("frost-alarm", { type: "sop", tags: "frost, weather" }, [
    "Read the forecast [critical]",
    "Tell the staff",
  ]),
  sop("harvest", { type: "sop", mode: "guide", tags: ["apples", "picking"] }, ["Count the crates"]),
]);

test("a message that names a procedure, or two of its tags, brings its steps in order", () => {
  const frost = procedures.instructionFor("Start the frost alarm, please");
  expect(frost).toContain("1. Read the forecast [critical]\n2. Tell the staff");
  expect(frost).toContain("in this order");
  expect(procedures.instructionFor("Does the weather bring frost?")).toBe(frost);
  expect(procedures.instructionFor("When is the harvest?")).toContain("as a guide");
});

test.each(["How is the weather?", "Hello", "", "alarm"])("%j brings none", (message) => {
  expect(procedures.instructionFor(message)).toBeUndefined();
});
