/** Questions to the user. A folder of its own, because few commands need the library behind it. */
export { agree, ask, choose, confirmed } from "./ask.ts";
