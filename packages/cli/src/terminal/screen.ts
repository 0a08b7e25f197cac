import type { Context } from "../base/context.ts";
import { fitted } from "./width.ts";

const clearLine = "\r\u001b[2K";
const up = "\u001b[1A";

/**
 * The end of what a terminal shows: lines that stay, below them one that still changes, and a status that disappears. Only
 * the last two are ever drawn again, and neither is wider than the terminal, so that its size may change meanwhile.
 */
export interface Screen {
  /** Shows a line for good, in the place of the changing one. */
  commit(line: string): void;
  /** Shows the changing line. */
  live(line: string): void;
  /** Shows a status below; without one, removes it. */
  status(text?: string): void;
}

export const createScreen = (terminal: Context["stdout"]): Screen => {
  let live = "";
  let status = "";

  /** The last column stays free: what fills it leaves the cursor in a different place on each terminal. */
  const cut = (text: string) => fitted(text, Math.max(1, (terminal.columns ?? 80) - 1));
  const erased = () =>
    status !== "" && live !== "" ? `${clearLine}${up}${clearLine}` : live || status ? clearLine : "";
  const drawn = () =>
    [live, status]
      .filter((line) => line !== "")
      .map(cut)
      .join("\n");
  const change = (nextLive: string, nextStatus: string, committed = "") => {
    const before = erased();
    [live, status] = [nextLive, nextStatus];
    terminal.write(before + committed + drawn());
  };

  return {
    commit: (line) => change("", status, `${line}\n`),
    live(line) {
      if (line === live) return;
      const isLonger = status === "" && line.startsWith(live) && cut(line) === line;
      if (isLonger) {
        terminal.write(line.slice(live.length));
        live = line;
      } else change(line, status);
    },
    status(text = "") {
      if (text !== status) change(live, text);
    },
  };
};
