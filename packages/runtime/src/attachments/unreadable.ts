/** Why a document is not read, in words for the user. */
export class Unreadable extends Error {
  override readonly name = "Unreadable";
}
