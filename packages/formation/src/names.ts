const namePattern = /^[a-z][a-z0-9-]{1,48}[a-z0-9]$/;

/**
 * Turns a name into an id: `My Bot` into `my-bot` (docs/spec/cli.md "muxi new").
 *
 * @throws Error when the result is not 3 to 50 letters, digits and hyphens that begin with a letter and do not end
 * with a hyphen.
 */
export const normalizeName = (name: string): string => {
  const id = name
    .trim()
    .toLowerCase()
    .replace(/[\s_]+/g, "-");
  if (!namePattern.test(id)) {
    throw new Error(
      `'${name}' cannot be used as a name: a name has 3 to 50 letters, digits and hyphens, begins with a letter and does not end with a hyphen`,
    );
  }
  return id;
};
