/** What a running formation is made of and what it does, seen from the outside. */
export type { ViewName } from "./list.ts";
export { type TriggerOptions, trigger } from "./trigger.ts";
export { type ViewOptions, view } from "./view.ts";
