import { customAlphabet } from "nanoid";

const random = customAlphabet("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 21);

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
} as const;

/** A new id: the prefix of its kind and 21 random letters and digits. */
export const newId = (kind: keyof typeof prefixes): string => prefixes[kind] + random();
