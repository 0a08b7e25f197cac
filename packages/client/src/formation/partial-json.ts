/** Thrown at the end of a text that is not whole. */
const unfinished = Symbol("unfinished");

/**
 * The value that the beginning of a JSON text has so far: texts as far as they go, but no number, name or word that may
 * still go on. Undefined before there is one.
 */
export const partialJson = (text: string): unknown => {
  let at = 0;

  /** The next character that is not blank. */
  const next = (): string => {
    while (" \n\r\t".includes(text.charAt(at)) && at < text.length) at++;
    if (at >= text.length) throw unfinished;
    return text.charAt(at);
  };

  const string = (): { text: string; isWhole: boolean } => {
    const start = at;
    for (at++; at < text.length; ) {
      const character = text.charAt(at);
      if (character === '"') {
        at++;
        return { text: JSON.parse(text.slice(start, at)), isWhole: true };
      }
      const escaped = text.charAt(at + 1) === "u" ? 6 : 2;
      const step = character === "\\" ? escaped : 1;
      // A piece of an escape, such as `\u00`, is left out.
      if (at + step > text.length) break;
      at += step;
    }
    const shown = text.slice(start, at);
    at = text.length;
    return { text: JSON.parse(`${shown}"`), isWhole: false };
  };

  const list = (): unknown[] => {
    const items: unknown[] = [];
    at++;
    try {
      while (next() !== "]") {
        if (text.charAt(at) === ",") at++;
        else items.push(value());
      }
      at++;
    } catch (error) {
      if (error !== unfinished) throw error;
      at = text.length;
    }
    return items;
  };

  const object = (): Record<string, unknown> => {
    const entries: [string, unknown][] = [];
    at++;
    try {
      while (next() !== "}") {
        if (text.charAt(at) === ",") {
          at++;
          continue;
        }
        const name = string();
        if (!name.isWhole || next() !== ":") throw unfinished;
        at++;
        entries.push([name.text, value()]);
      }
      at++;
    } catch (error) {
      if (error !== unfinished) throw error;
      at = text.length;
    }
    return Object.fromEntries(entries);
  };

  const value = (): unknown => {
    switch (next()) {
      case "{":
        return object();
      case "[":
        return list();
      case '"':
        return string().text;
    }
    const start = at;
    while (at < text.length && !",]} \n\r\t".includes(text.charAt(at))) at++;
    if (at >= text.length) throw unfinished;
    return JSON.parse(text.slice(start, at));
  };

  try {
    return value();
  } catch (error) {
    // What is no JSON at all gets no further: the whole answer is checked by the server.
    if (error === unfinished || error instanceof SyntaxError) return undefined;
    throw error;
  }
};
