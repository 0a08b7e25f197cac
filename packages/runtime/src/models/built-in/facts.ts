const reminder =
  /^(?:please )?(?:remember|note|keep in mind|do not forget|don't forget)(?: that|:|,)?\s+(\S.*)$/is;
const statement =
  /^(?:my\s[^?]{1,200}?\s(?:is|are|was|were)\s.*|call me\s.*|i(?:'m| am)\s(?!looking|trying|wondering|asking|not sure).*|i (?:really )?(?:like|love|hate|prefer|live|work|do not like|don't like)\s.*)$/is;
const politeStart = /^(?:hi|hello|hey|by the way|also|ok|well)[\s,.!]+/i;

/** The fact that a message tells for keeping, without its "remember that"; undefined when it tells none. */
export const statedFact = (message: string): string | undefined => {
  const text = message.replace(politeStart, "").trim();
  if (text.endsWith("?")) return undefined;
  return reminder.exec(text)?.[1] ?? statement.exec(text)?.[0];
};

/** Whether something that the user said once can answer a question now. */
export const isFact = (text: string): boolean => text !== "" && !text.trimEnd().endsWith("?");

const secondPerson = new Map([
  ["i am", "you are"],
  ["i was", "you were"],
  ["i'm", "you are"],
  ["i've", "you have"],
  ["i'll", "you will"],
  ["i'd", "you would"],
  ["i", "you"],
  ["me", "you"],
  ["my", "your"],
  ["mine", "yours"],
  ["myself", "yourself"],
]);

/** Repeats what a user said of themselves: "My dog is called Pip" gives "your dog is called Pip." */
export const toSecondPerson = (text: string): string => {
  const turned = text.replace(/\b(?:i am|i was|i'(?:m|ve|ll|d)|i|me|my|mine|myself)\b/gi, (word) => {
    return secondPerson.get(word.toLowerCase()) ?? word;
  });
  return /[.!]$/.test(turned) ? turned : `${turned}.`;
};
