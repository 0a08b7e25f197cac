/** Views of a running formation: what it consists of, and what it is doing. */
export { type ViewName, type ViewOptions, view } from "./view.ts";
