/** Names that authors use for fields with quite different names. */
const synonyms: ReadonlyMap<string, readonly string[]> = new Map([
  ["system_prompt", ["system_message"]],
  ["prompt", ["system_message"]],
  ["instructions", ["system_message"]],
  ["model", ["llm_models", "models", "text"]],
  ["models", ["llm_models"]],
  ["llm", ["llm_models"]],
  ["tools", ["mcp_servers"]],
  ["mcp", ["mcp_servers"]],
  ["capabilities", ["specialties"]],
  ["skillset", ["specialties"]],
  ["docs", ["knowledge"]],
  ["documents", ["knowledge"]],
  ["files", ["sources"]],
  ["source", ["path"]],
  ["file", ["path"]],
  ["folder", ["path"]],
  ["directory", ["path"]],
  ["title", ["name"]],
  ["summary", ["description"]],
  ["url", ["endpoint"]],
  ["uri", ["endpoint"]],
  ["arguments", ["args"]],
  ["environment", ["env"]],
  ["timeout", ["timeout_seconds"]],
  ["retries", ["max_retries"]],
  ["database", ["persistent"]],
  ["persona", ["soul"]],
  ["personality", ["soul"]],
  ["cron", ["scheduler"]],
  ["jobs", ["scheduler"]],
  ["logs", ["logging"]],
  ["whitelist", ["allow"]],
  ["blacklist", ["deny"]],
]);

/** `systemMessage` and `System-Message` as `system_message`. */
const snakeCase = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[\s-]+/g, "_")
    .toLowerCase();

/** How many letters were added, left out, replaced, or exchanged with the next one. */
const distance = (left: string, right: string): number => {
  let [before, row]: [number[], number[]] = [[], Array.from({ length: right.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const cost = left[i - 1] === right[j - 1] ? 0 : 1;
      const isExchanged = i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1];
      next[j] = Math.min(
        (next[j - 1] ?? 0) + 1,
        (row[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + cost,
        isExchanged ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [before, row] = [row, next];
  }
  return row[right.length] ?? 0;
};

/** One slip in a short word, two in one of six letters or more. */
const slips = (word: string): number => (word.length < 3 ? 0 : word.length < 6 ? 1 : 2);

/** Longer than any known word with its slips. */
const longestWord = 60;

/** The known word that a misspelt one most likely stands for; undefined when none is close. */
export const closest = (word: string, known: readonly string[]): string | undefined => {
  if (word.length > longestWord) return undefined;
  const written = snakeCase(word);
  const [best] = known
    .filter((name) => Math.abs(name.length - written.length) <= slips(written))
    .map((name) => ({ name, far: distance(written, name.toLowerCase()) }))
    .filter(({ name, far }) => far <= Math.min(slips(written), slips(name)))
    .sort((left, right) => left.far - right.far);
  return best?.name;
};

/** The field that an author most likely means by an unknown one; undefined when none comes to mind. */
export const fieldMeantBy = (unknown: string, known: readonly string[]): string | undefined =>
  closest(unknown, known) ?? synonyms.get(snakeCase(unknown))?.find((name) => known.includes(name));
