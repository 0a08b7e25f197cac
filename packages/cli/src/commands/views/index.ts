/** Views of a running formation: what it consists of, and what it is doing. */
export { type ListName, type ViewName, type ViewOptions, view } from "./view.ts";
