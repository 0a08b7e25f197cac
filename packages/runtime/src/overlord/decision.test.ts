import { expect, test } from "vitest";
import { plainDecisionIn } from "./decision.ts";

test.each([
  "Yes!",
  "Yes, please!",
  "yes thanks",
  "OK, thank you!",
  "Yes, many thanks",
  "Ja, danke",
  "Oui, merci beaucoup",
  "Sí, muchas gracias",
  "Sim, obrigada",
  "Sì, grazie mille",
  "Fine",
  "That is fine",
  "That's fine, thanks",
  "Please do",
  "Do it",
  "Looks good, thank you",
  "Das geht in Ordnung",
  "D'accord, s'il vous plaît",
  "Los geht's",
])("%s is a plain yes", (message) => expect(plainDecisionIn(message)).toBe("yes"));

test.each(["No", "No, thank you", "no thanks", "Nein, vielen Dank", "Non, merci", "Stop, please"])(
  "%s is a plain no",
  (message) => expect(plainDecisionIn(message)).toBe("no"),
);

test.each([
  "Thanks",
  "Please",
  "You sure?",
  "Do you confirm?",
  "Yes, but with 5",
  "Yes, no",
  "Please do not",
  "Please don't",
  "Do it not",
  "That is fine for me tomorrow",
  "",
])("%j is neither", (message) => expect(plainDecisionIn(message)).toBeUndefined());
