import type { Failure, UnreadableCode } from "./document.ts";

/** A document that is not read, for a reason in words for the user. */
export class Unreadable extends Error {
  override readonly name = "Unreadable";
  readonly code: UnreadableCode;

  constructor(code: UnreadableCode, reason: string) {
    super(reason);
    this.code = code;
  }
}

/** What libraries say is for those who use them, and may hold parts of the file. */
export const failureOf = (error: unknown): Failure =>
  error instanceof Unreadable
    ? { code: error.code, reason: error.message }
    : { code: "broken", reason: "it is damaged" };

export const passwordProtected = (): Unreadable =>
  new Unreadable("encrypted", "it is protected by a password");

export const nestedTooDeeply = (): Unreadable =>
  new Unreadable("broken", "its elements are nested too deeply");
