const words =
  /\b(?:passwords?|passcodes?|pin codes?|ssn|social security|passports?|bank accounts?|iban|(?:credit |debit )?cards?|licen[cs]es?|secrets?|private|api keys?)\b/i;
const longNumber = /(?:\d[ -]?){15,}/;
const socialSecurity = /\b\d{3}-\d{2}-\d{4}\b/;

/**
 * Whether a text holds something that must not turn up in a memory later: such texts are not learned
 * (docs/spec/formation-files.md "Learning").
 */
export const isSensitive = (text: string): boolean =>
  words.test(text) || longNumber.test(text) || socialSecurity.test(text);
