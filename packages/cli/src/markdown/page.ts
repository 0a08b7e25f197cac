import type { Colours } from "../ui/index.ts";

/** What text is laid out for. */
export interface Page {
  columns: number;
  colours: Colours;
}
