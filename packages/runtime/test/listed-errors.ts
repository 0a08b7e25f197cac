import { commonErrors, type ErrorCode, type Route, routes } from "@muxi/protocol";

/** The error codes that the route table allows a call. */
export const listedErrors = (row: Route): readonly ErrorCode[] => [...commonErrors(row), ...row.errors];

/** `/sessions/{session_id}` as a pattern. */
const patternOf = (path: string): RegExp => new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`);

// Paths without parameters first: `/memory/stats` is no `/memory/{memory_id}`.
const rows = Object.values<Route>(routes)
  .sort((one, other) => one.path.split("{").length - other.path.split("{").length)
  .map((row) => ({ row, pattern: patternOf(row.path) }));

/** The row of a call; undefined when there is none. */
export const rowOf = (method: string, target: string): Route | undefined => {
  const [path = ""] = target.split("?");
  return rows.find(({ row, pattern }) => row.method === method && pattern.test(path))?.row;
};
