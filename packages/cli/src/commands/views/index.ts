/** Views of a running formation: what it consists of, and what it is doing. */
export type { ViewName } from "./list.ts";
export { type TriggerOptions, trigger } from "./trigger.ts";
export { type ViewOptions, view } from "./view.ts";
