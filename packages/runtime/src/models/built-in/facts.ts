/** Whether a message states something that can answer a later question. */
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
