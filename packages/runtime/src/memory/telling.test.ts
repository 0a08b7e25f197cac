import { expect, test } from "vitest";
import { tellsOfUser } from "./telling.ts";

test.each([
  "My name is Ann",
  "By the way, I'm allergic to walnuts.",
  "hello! i live in Canterbury",
  "My favourite apple is the Cox",
  "I work as a nurse, so mornings are bad",
  "Ich heiße Jonas und suche ein Menü",
  "Ich wohne in Lüneburg",
  "Ich vertrage keine Nüsse",
  "Je m'appelle Camille",
  "J’habite Lyon",
  "Je suis allergique aux noix",
  "Me llamo Lucía",
  "Soy vegetariana",
  "Mi chiamo Anna",
  "Abito a Torino",
  "Moro em Braga",
  "Ik heet Jan",
  "Mam na imię Ola",
  "Jag heter Ove",
  "Меня зовут Анна",
  "私の名前はアンです",
  "我叫小明",
  "제 이름은 민수입니다",
])("%s tells something of its user", (message) => {
  expect(tellsOfUser(message)).toBe(true);
});

test.each([
  "How do I prune an apple tree?",
  "What is a good name for a dog?",
  "I am looking for a recipe",
  "I'm not sure",
  "My tomatoes have brown spots",
  "My order did not arrive",
  "Is it allergic?",
  "Where do bees live in winter?",
  "Wie heißt der Baum?",
  "Wo wohnen Igel?",
  "Comment s'appelle cette pomme ?",
  "¿Dónde viven las abejas?",
  "りんごの木の剪定はいつですか?",
  "这个怎么叫?",
  `I live in Kent ${"and so on ".repeat(200)}`,
])("%s does not", (message) => {
  expect(tellsOfUser(message)).toBe(false);
});
