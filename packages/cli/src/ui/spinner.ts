import type { Writable } from "node:stream";
import type { Colours } from "./colours.ts";

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const frameMs = 80;
const clearLine = "\r\u001b[2K";

/** A line with an animated symbol, which disappears when it is stopped. */
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
