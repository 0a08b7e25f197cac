import { expect, test } from "vitest";
import { complexityOf } from "./complexity.ts";

test.each([
  "The report is wrong",
  "I plan to visit Berlin tomorrow",
  "I like the design",
  "My research is on pears",
  "Der Bericht ist falsch",
  "Le rapport est faux",
  "Mi nombre completo es Ana Ruiz",
  "Par rapport à hier, il fait froid",
  "Is the analysis ready?",
])("who tells or asks something asks for no work: %s", (message) => {
  expect(complexityOf(message)).toBeLessThan(7);
});

test.each([
  "Write a report on pears",
  "I need a comprehensive report on pears",
  "We would like you to research pears",
  "Ich brauche einen Bericht über Birnen",
  "Please design a garden and then build it",
  "Necesito un informe sobre peras",
])("who wishes for work gets it: %s", (message) => {
  expect(complexityOf(message)).toBeGreaterThanOrEqual(7);
});
