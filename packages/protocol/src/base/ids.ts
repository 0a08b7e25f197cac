import { customAlphabet } from "nanoid";

/** In the order of their codes, so that ids sort by time. */
const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** Letters for the time in milliseconds: enough until 2081. */
const timeLetters = 7;
/** The other letters: 83 random bits, which cannot be guessed. */
const random = customAlphabet(letters, 21 - timeLetters);

const timeText = (time: number): string => {
  let text = "";
  for (let rest = time, left = timeLetters; left > 0; left--) {
    text = letters.charAt(rest % letters.length) + text;
    rest = Math.floor(rest / letters.length);
  }
  return text;
};

const prefixes = {
  request: "req_",
  session: "sess_",
  message: "msg_",
  memory: "mem_",
  ingestion: "ing_",
  job: "job_",
  user: "usr_",
  event: "evt_",
  delivery: "whd_",
  credential: "cred_",
  audit: "aud_",
  workflow: "wf_",
  interrupt: "int_",
} as const;

/**
 * A new id: the prefix of its kind and 21 letters and digits. They begin with the time, because an index of ids in
 * random order would have another page written for each one.
 */
export const newId = (kind: keyof typeof prefixes): string =>
  prefixes[kind] + timeText(Date.now()) + random();
