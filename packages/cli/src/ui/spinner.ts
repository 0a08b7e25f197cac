import type { Writable } from "node:stream";
import type { Colours } from "./colours.ts";

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const frameMs = 80;
const clearLine = "\r\u001b[2K";

/** One line that turns while the work is done, and is gone afterwards. */
export const spin = async <Result>(
  terminal: Writable,
  colours: Colours,
  text: string,
  work: () => Promise<Result>,
): Promise<Result> => {
  let frame = 0;
  const draw = () => {
    terminal.write(`${clearLine}${colours.cyan(frames[frame % frames.length] ?? "")} ${text}`);
    frame += 1;
  };
  draw();
  const timer = setInterval(draw, frameMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    terminal.write(clearLine);
  }
};
