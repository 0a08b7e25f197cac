import type { Writable } from "node:stream";
import type { Colours } from "./colours.ts";

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const frameMs = 80;
const clearLine = "\r\u001b[2K";

/** One line that turns until it is stopped, and is gone afterwards. */
export interface Spinner {
  show(text: string): void;
  stop(): void;
}

export const startSpinner = (terminal: Writable, colours: Colours, first: string): Spinner => {
  let text = first;
  let frame = 0;
  const draw = () => {
    terminal.write(`${clearLine}${colours.cyan(frames[frame % frames.length] ?? "")} ${text}`);
    frame += 1;
  };
  draw();
  const timer = setInterval(draw, frameMs);
  return {
    show(next) {
      text = next;
    },
    stop() {
      clearInterval(timer);
      terminal.write(clearLine);
    },
  };
};
