/** What a path leads to: a value for the method, or the methods that there are. */
export type Match<Value> =
  | { value: Value; params: Record<string, string> }
  | { allowed: readonly string[] }
  | undefined;

export interface Router<Value> {
  /** @param path Segments, each a text or `{name}`. */
  add(method: string, path: string, value: Value): void;
  /**
   * A text wins over a parameter, but only where it has the method: `GET /users/resolve` is the user named `resolve`
   * when only `POST` leads to that text.
   */
  find(method: string, path: string): Match<Value>;
}

interface Node<Value> {
  texts: Map<string, Node<Value>>;
  parameter: Node<Value> | undefined;
  ends: Map<string, { value: Value; names: readonly string[] }>;
}

const createNode = <Value>(): Node<Value> => ({ texts: new Map(), parameter: undefined, ends: new Map() });

const parameterName = /^\{(\w+)\}$/;

/** Undefined for a text that is no URL encoding. */
const decode = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
};

/** A tree of path segments: what a request costs does not grow with the number of routes. */
export const createRouter = <Value>(): Router<Value> => {
  const root = createNode<Value>();

  const endOf = (
    node: Node<Value>,
    segments: readonly string[],
    at: number,
    accept: (node: Node<Value>) => boolean,
    values: string[],
  ): Node<Value> | undefined => {
    const segment = segments[at];
    if (segment === undefined) return accept(node) ? node : undefined;
    const text = node.texts.get(segment);
    const found = text && endOf(text, segments, at + 1, accept, values);
    if (found || !node.parameter) return found;
    const value = decode(segment);
    if (!value) return undefined;
    values.push(value);
    const below = endOf(node.parameter, segments, at + 1, accept, values);
    if (!below) values.pop();
    return below;
  };

  return {
    add(method, path, value) {
      const names: string[] = [];
      let node = root;
      for (const segment of path.split("/").slice(1)) {
        const [, name] = parameterName.exec(segment) ?? [];
        let next = name === undefined ? node.texts.get(segment) : node.parameter;
        next ??= createNode();
        if (name === undefined) node.texts.set(segment, next);
        else {
          node.parameter = next;
          names.push(name);
        }
        node = next;
      }
      node.ends.set(method, { value, names });
    },

    find(method, path) {
      const segments = path.split("/").slice(1);
      const values: string[] = [];
      const end = endOf(root, segments, 0, ({ ends }) => ends.has(method), values)?.ends.get(method);
      if (end) {
        return {
          value: end.value,
          params: Object.fromEntries(end.names.map((name, index) => [name, values[index] ?? ""])),
        };
      }
      const other = endOf(root, segments, 0, ({ ends }) => ends.size > 0, []);
      return other && { allowed: [...other.ends.keys()] };
    },
  };
};
