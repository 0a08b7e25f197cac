/** Questions to the user. A separate folder, because few commands need the library behind it. */
export { agree, ask, askSecret, choose, confirmed } from "./ask.ts";
