/** Everything that a reader may take for the end of a line. */
const lineEnds = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/g;

/**
 * A text of others as it stands in a prompt (docs/spec/formation-files.md "Prompt"): each of its lines is marked, so that
 * none can be taken for a heading or a text beside it.
 */
export const quoted = (text: string): string => `> ${text.replace(lineEnds, "\n> ")}`;

/** A name of others, such as that of a file: it stays within its line. */
export const onOneLine = (name: string): string => name.replace(lineEnds, " ");
