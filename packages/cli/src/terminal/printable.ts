/** Everything that moves the cursor, changes colours, or speaks to the terminal: C0 and C1, and what turns text around. */
const controls = /(?![\t\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** A text that others wrote (a model, a tool), without what would command the terminal. */
export const printable = (text: string): string => text.replaceAll(controls, "");
