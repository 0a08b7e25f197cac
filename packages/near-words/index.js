/** Where the table of English words is. What is in it: README.md. */
export const english = new URL("english.bin", import.meta.url);
