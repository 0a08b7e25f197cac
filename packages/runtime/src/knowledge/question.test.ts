import { expect, test } from "vitest";
import { leansOnEarlier, questionOf } from "./question.ts";

test.each([
  "And for children?",
  "what about children?",
  "How much is it?",
  "Why?",
  "Does that include breakfast?",
  "Is she in on Mondays?",
  "Tell me more",
  "Und für Kinder?",
  "Wie lange dauert das?",
  "Was kostet es dafür?",
  "Et pour les enfants ?",
  "Combien ça coûte ?",
  "¿Y para los niños?",
  "¿Cuánto cuesta eso?",
  "E per i bambini?",
  "Quanto custa isso?",
  "En voor kinderen?",
  "А для детей?",
  "Сколько это стоит?",
  "那孩子呢？",
  "这个多少钱？",
  "では子供は？",
  "それはいくらですか",
  "그럼 어린이는?",
  "وماذا عن الأطفال؟",
])("%j leans on the message before it", (message) => {
  expect(leansOnEarlier(message)).toBe(true);
});

test.each([
  "How much is a ticket for the orchard walk?",
  "Is there a discount for students?",
  "Wann ist die Kelter offen?",
  "Gibt es Äpfel im Juli?",
  "Quelles sont les heures de visite ?",
  "¿A qué hora abre el museo?",
  "Qual è il prezzo del biglietto?",
  "Сколько стоит билет в сад?",
  "苹果什么时候成熟？",
  "Thanks!",
  "ok",
  `It is a long story: ${"the orchard was planted by my grandfather. ".repeat(5)}`,
])("%j stands by itself", (message) => {
  expect(leansOnEarlier(message)).toBe(false);
});

test("a message that leans on others is searched with what they were about, which counts less", () => {
  const { words, text } = questionOf("And for children?", [
    "When is it cold?",
    "How much is the orchard walk?",
  ]);
  expect(words.get("children")).toBe(1);
  expect(words.get("orchard")).toBe(0.5);
  expect(words.get("walk")).toBe(0.5);
  expect(words.has("cold")).toBe(false);
  expect(text).toBe("How much is the orchard walk?\nAnd for children?");
});

test("a message that leans on one that leans itself goes further back", () => {
  const { words } = questionOf("And on Sundays?", ["How much is the orchard walk?", "And for children?"]);
  expect([...words.keys()]).toEqual(expect.arrayContaining(["sunday", "children", "orchard", "walk"]));
});

test("a message that stands by itself is searched alone", () => {
  const { words, text } = questionOf("When are plums picked?", ["How much is the orchard walk?"]);
  expect(words).toEqual(
    new Map([
      ["plum", 1],
      ["pick", 1],
    ]),
  );
  expect(text).toBe("When are plums picked?");
});
