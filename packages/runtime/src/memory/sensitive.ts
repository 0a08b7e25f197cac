import { folded, isAscii } from "../text/index.ts";

/** Looks for all of them in one pass over the text. */
const anyOf = (patterns: readonly RegExp[]): RegExp =>
  new RegExp(patterns.map(({ source }) => `(?:${source})`).join("|"));

/** What confidential things are called, without case and accents. */
const names = anyOf([
  // Passwords as they are spelled, misspelled and spaced, and in the languages whose statements are known.
  /p[a@4][s$5z]{1,2}[\s._-]?(?:w[o0]r[dt]|codes?\b|phrase|wd\b)/,
  /\bp\W?[a@4]\W?[s$5z]\W?[s$5z]?\W?w\W?[o0]\W?r\W?d\b/,
  /\b(?:pwds?|pswd|psw|pw|senhas?|haslo|parola d.ordine|mot de passe)\b/,
  /kennwort|contrasen|palavra[- ]passe|wachtwoord|losenord|парол|密码|密碼|口令|パスワード|暗証番号|비밀번호/,
  // Keys and tokens.
  /\b(?:api|access|auth|ssh|encryption|recovery|signing)[\s._-]?(?:keys?|tokens?)\b/,
  /\b(?:bearer|refresh|session|security|id)[\s._-]?tokens?\b/,
  // What proves who somebody is, or pays.
  /\bpin[\s._-]?(?:codes?|numbers?)\b|\bpin\b\W{0,3}(?:is\W{0,3})?\d/,
  /\b(?:ssn|social[\s-]security|passports?|bank accounts?|iban|cards?|licen[cs]es?)\b/,
  /\b(?:secrets?|private|credentials?)\b/,
]);

/** What keys and tokens look like, by who gives them out. */
const shapes = anyOf([
  /\b[spr]k[-_][\w-]{6,}/,
  /\b(?:gh[a-z]|github_pat|hf|npm|fm[ac])_\w{6,}/,
  /\b(?:glpat|xox[a-z])-[\w-]{6,}/,
  /\bA(?:KIA|SIA|IDA|ROA)[A-Z0-9]{12,}/,
  /\bAIza[\w-]{6,}/,
  /(?<![\w-])eyJ[\w-]{6,}\.[\w-]{6,}/,
  /\b[Bb]earer\s{1,9}[\w.~+/=-]{8,}/,
  /-----BEGIN /,
  /:\/\/[^\s/:@]+:[^\s/@]+@/,
]);

/** A word so long, with letters of both cases and digits, or with the digits of hashes alone, is none of a language. */
const longWord = /[A-Za-z0-9_+=]{24,}/g;
const isRandom = (word: string): boolean =>
  (/\d/.test(word) && /[a-z]/.test(word) && /[A-Z]/.test(word)) || /^[0-9a-f]{32,}$/i.test(word);

const longNumber = /(?:\d[ -]?){15,}/;
const socialSecurity = /\b\d{3}-\d{2}-\d{4}\b/;
/** Characters that nobody sees, by which a word would not be found. */
const unseen = /\p{Cf}/gu;

/**
 * Whether a text holds something that must not turn up in a memory later: such texts are not learned
 * (docs/spec/formation-files.md "Learning").
 */
export const isSensitive = (text: string): boolean => {
  const seen = isAscii(text) ? text : text.normalize("NFKC").replace(unseen, "");
  const plain = folded(seen);
  return (
    names.test(plain) ||
    shapes.test(seen) ||
    (seen.match(longWord) ?? []).some(isRandom) ||
    longNumber.test(plain) ||
    socialSecurity.test(plain)
  );
};
