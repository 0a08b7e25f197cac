const namePattern = /^[a-z][a-z0-9-]{1,48}[a-z0-9]$/;

/**
 * The id that a name stands for: `My Bot` as `my-bot` (contract/cli.md 4).
 *
 * @throws Error when it does not give 3 to 50 letters, digits and hyphens that begin with a letter.
 */
export const normalizeName = (name: string): string => {
  const id = name
    .trim()
    .toLowerCase()
    .replace(/[\s_]+/g, "-");
  if (!namePattern.test(id)) {
    throw new Error(
      `'${name}' cannot be used as a name: it needs 3 to 50 letters, digits and hyphens, begins with a letter and does not end with a hyphen`,
    );
  }
  return id;
};
