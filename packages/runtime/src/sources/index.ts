/** Sources of knowledge that are not in the formation's folder: what is there is fetched, and becomes documents. */
export { openElsewhere } from "./open.ts";
