import {
  type CallOptions,
  createPages,
  type Fields,
  fillPath,
  type Method,
  newRequestId,
  optionalHeader,
  type Pages,
  type Query,
  type Result,
  requireObjects,
  requireText,
} from "../http/index.ts";
import { type Caller, dataOf, type FormationCall, withSearch } from "./caller.ts";
import { answerOf } from "./chats.ts";

/** Who may use an endpoint, and for whom. */
export type Access = Pick<FormationCall, "key" | "user" | "repeatable" | "query">;

/** The rules that most endpoints share. */
export const access = {
  client: { key: "client" },
  admin: { key: "admin" },
  either: { key: "either" },
  /** What belongs to a user, with either key. */
  user: { key: "either", user: "required" },
  /** What belongs to a user; with the admin key and no user, what belongs to all. */
  filter: { key: "either", user: "filter" },
} as const satisfies Record<string, Access>;

/** What has methods: a group, or the client itself. */
export interface HasCaller {
  readonly caller: Caller;
}

/** The names in the braces of a path. */
type PathNames<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | PathNames<Rest>
  : never;

/**
 * The wire's name of every argument that is neither in the path nor the user, or true where it is the argument's own, as
 * `session_id` is that of `sessionId`. They go into the query of `GET` and `DELETE` and into the body of `POST` and `PUT`.
 * The user is among them where the body names it.
 */
type WireNames<Args, Path extends string> = {
  [Name in Exclude<keyof Args & string, PathNames<Path> | "userId">]-?: string | true;
} & { userId?: string | true };

interface ArgumentRules<Args> {
  /** Texts that must not be missing or empty. */
  required?: readonly (keyof Args & string)[];
  /** Values of arguments that are left out. */
  defaults?: Partial<Args>;
  /** Whether the call waits for the answer of a model, which stops when nobody waits any more. Default: it does not. */
  waits?: (args: Partial<Args>) => boolean;
}

interface Paging<Args, Page, Item> {
  items(page: Page): readonly Item[];
  /** What asks for the page after `previous`, or for the first one; `seen` counts the items before it. */
  query(args: Partial<Args>, previous: Page | undefined, seen: number): Query | undefined;
  /** `limit`: items that a page was asked for. */
  hasNext(page: Page, limit: number): boolean;
}

/** The paging of a list whose answers have `next` (docs/spec/formation-api.md "Lists in parts"). */
export const pagesOf = <Page extends { next: string | null }, Item>(
  items: (page: Page) => readonly Item[],
): Paging<object, Page, Item> => ({
  items,
  query: (_, previous) => previous && { before: previous.next },
  // Absent on other servers.
  hasNext: ({ next }) => Boolean(next),
});

/** Gives a method the name that it has on the client. */
const named = <Called extends object>(name: string, method: Called): Called =>
  Object.defineProperty(method, "name", { value: name });

/** Makes the function that turns the arguments of a method into the call of its endpoint. */
const createTranslator = <Args extends object, Path extends string>(
  name: string,
  method: Method,
  path: Path,
  rule: Access,
  wireNames: WireNames<Args, Path>,
  { required = [], defaults = {} }: ArgumentRules<NoInfer<Args>> = {},
) => {
  const fields = Object.entries<string | true>(wireNames).map(([ours, wire]) => ({
    ours,
    wire: wire === true ? ours.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : wire,
  }));
  const inPath = Array.from(path.matchAll(/{(\w+)}/g), ([, parameter = ""]) => parameter);
  const names = new Set([
    ...inPath,
    ...("user" in rule ? ["userId"] : []),
    ...fields.map(({ ours }) => ours),
  ]);
  const rightCall = `${name}({ ${[...names].join(", ")} })`;
  const needed: readonly string[] = required;
  const absent: Fields = { ...defaults };

  return (caller: Caller, args: Args | undefined, options: CallOptions | undefined): FormationCall => {
    requireObjects(rightCall, args, options);
    const values: Fields = { ...args };
    values.userId ??= caller.userId;
    const sentFor = (ours: string) => {
      if (needed.includes(ours)) return requireText(ours, values[ours]);
      // A change takes something away by null, which is otherwise the same as nothing.
      const isKept = method === "PATCH" && values[ours] === null;
      return isKept ? null : (values[ours] ?? absent[ours]);
    };
    const content = Object.fromEntries(fields.map(({ ours, wire }) => [wire, sentFor(ours)]));
    return {
      ...rule,
      method,
      path: fillPath(path, values),
      userId: "user" in rule ? optionalHeader("userId", values.userId) : undefined,
      ...(fields.length > 0 && { [method === "GET" || method === "DELETE" ? "query" : "json"]: content }),
    };
  };
};

/** The headers of a call with the id of its request: the caller's own, or a new one. */
const identified = (headers: CallOptions["headers"] = {}) => {
  const [, own] = Object.entries(headers).find(([name]) => name.toLowerCase() === "x-muxi-request-id") ?? [];
  const requestId = own ?? newRequestId();
  return { requestId, headers: own === undefined ? { ...headers, "x-muxi-request-id": requestId } : headers };
};

/**
 * A method that calls one endpoint, with arguments. Like all methods it is made once and finds the caller in `this`.
 *
 * @param name Of the method on the client itself.
 */
export const endpoint = <Args extends object, Data, const Path extends string>(
  name: string,
  method: Method,
  path: Path,
  rule: Access,
  wireNames: WireNames<Args, Path>,
  rules?: ArgumentRules<NoInfer<Args>>,
): ((this: HasCaller, args?: Args, options?: CallOptions) => Promise<Result<Data>>) => {
  const translate = createTranslator<Args, Path>(name, method, path, rule, wireNames, rules);
  return named(name, async function (args, options) {
    const { caller } = this;
    const call = translate(caller, args, options);
    if (!rules?.waits?.(args ?? {})) return dataOf<Data>(caller, withSearch(call), options);
    const { requestId, headers } = identified(options?.headers);
    const request = { userId: call.userId, requestId };
    return answerOf(caller, request, { ...options, headers }, (patient) =>
      dataOf<Data>(caller, withSearch(call), patient),
    );
  });
};

/** A method that calls one endpoint, without arguments. */
export const bareEndpoint = <Data>(
  name: string,
  method: Method,
  path: string,
  rule: Access,
): ((this: HasCaller, options?: CallOptions) => Promise<Result<Data>>) =>
  named(name, async function (options) {
    requireObjects(`${name}()`, options);
    return dataOf<Data>(this.caller, withSearch({ ...rule, method, path }), options);
  });

/** Items of a page in an iteration: any list has pages of that size. */
const iteratedAtOnce = 100;

/** A method that gives a list in pages. */
export const pagedEndpoint = <
  Args extends { limit?: number | undefined },
  Page extends object,
  Item,
  const Path extends string,
>(
  name: string,
  path: Path,
  rule: Access,
  wireNames: WireNames<Args, Path>,
  { items, query, hasNext }: Paging<NoInfer<Args>, Result<Page>, Item>,
): ((this: HasCaller, args?: Args, options?: CallOptions) => Pages<Result<Page>, Item>) => {
  const translate = createTranslator<Args, Path>(name, "GET", path, rule, wireNames);
  return named(name, function (args, options) {
    const { caller } = this;
    const load = async (more: Query) => {
      const call = translate(caller, args, options);
      return dataOf<Page>(caller, withSearch({ ...call, query: { ...call.query, ...more } }), options);
    };
    const limit = args?.limit ?? iteratedAtOnce;
    return createPages<Result<Page>, Item>({
      one: () => load({}),
      next: (previous, seen) => load({ ...query(args ?? {}, previous, seen), limit }),
      items,
      hasNext: (page) => hasNext(page, limit),
    });
  });
};

/**
 * A method that waits for what `run` does.
 *
 * @param args Its arguments as the right call has them, such as `{ key }`.
 */
export const asyncMethod = <Params extends unknown[], Value>(
  name: string,
  args: string,
  run: (caller: Caller, ...params: Params) => Promise<Value>,
): ((this: HasCaller, ...params: Params) => Promise<Value>) =>
  named(name, async function (...params) {
    requireObjects(`${name}(${args})`, ...params);
    return run(this.caller, ...params);
  });

/**
 * A method that gives the stream that `open` makes.
 *
 * @param args Its arguments as the right call has them.
 */
export const streamMethod = <Params extends unknown[], Stream>(
  name: string,
  args: string,
  open: (caller: Caller, ...params: Params) => Stream,
): ((this: HasCaller, ...params: Params) => Stream) =>
  named(name, function (...params) {
    requireObjects(`${name}(${args})`, ...params);
    return open(this.caller, ...params);
  });
