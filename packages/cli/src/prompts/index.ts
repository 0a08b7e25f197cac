/** Questions to the user. A separate folder, because few commands need the library behind it. */
export { agree, ask, choose, confirmed } from "./ask.ts";
