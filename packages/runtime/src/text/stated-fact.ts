const reminder =
  /^(?:please )?(?:remember|note|keep in mind|do not forget|don't forget)(?: that|:|,)?\s+(\S.*)$/is;
const statement =
  /^(?:my\s[^?]{1,200}?\s(?:is|are|was|were)\s.*|call me\s.*|i(?:'m| am)\s(?!looking|trying|wondering|asking|not sure).*|i (?:really )?(?:like|love|hate|prefer|live|work|do not like|don't like)\s.*)$/is;
const politeStart = /^(?:hi|hello|hey|by the way|also|ok|well)[\s,.!]+/i;

/** The fact that a message states about its user, without its "remember that"; undefined when there is none. */
export const statedFact = (message: string): string | undefined => {
  const text = message.replace(politeStart, "").trim();
  if (text.endsWith("?")) return undefined;
  return reminder.exec(text)?.[1] ?? statement.exec(text)?.[0];
};
