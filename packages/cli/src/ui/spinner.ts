import type { Colours } from "./colours.ts";

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const frameMs = 80;

/** A line with an animated symbol, which disappears when it is stopped. */
export interface Spinner {
  show(text: string): void;
  stop(): void;
}

/** @param draw Shows a status, or without one removes it. */
export const startSpinner = (draw: (status?: string) => void, colours: Colours, first: string): Spinner => {
  let text = first;
  let frame = 0;
  const next = () => {
    draw(`${colours.cyan(frames[frame % frames.length] ?? "")} ${text}`);
    frame += 1;
  };
  next();
  const timer = setInterval(next, frameMs);
  return {
    show(changed) {
      text = changed;
    },
    stop() {
      clearInterval(timer);
      draw();
    },
  };
};
