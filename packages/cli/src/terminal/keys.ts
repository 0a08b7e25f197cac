import { emitKeypressEvents, type Key } from "node:readline";
import { Readable } from "node:stream";
import type { Context } from "../base/context.ts";
import { printable } from "./printable.ts";

/** How a line break of pasted text looks in the line that is edited, and in the history. */
const lineBreak = "⏎";
/** Asks the terminal to say where pasted text begins and ends (https://cirw.in/blog/bracketed-paste). */
const tellPastes = "\u001b[?2004h";
const doNotTellPastes = "\u001b[?2004l";

/** Keys that are kept while nobody reads them. */
const mostHeld = 10_000;

/** The keys of a terminal, on their way to `node:readline`. */
interface Keys {
  /** What readline reads instead of the terminal. */
  input: Readable;
  /** Keeps keys back, so that they appear in the next line and not within an answer. Ctrl+C goes to `onInterrupt`. */
  hold(onInterrupt: () => void): void;
  /** Passes on what was kept back, and all that follows. */
  release(): void;
  /** Reads a line of which the terminal shows nothing. Undefined when Ctrl+D, or Ctrl+C with nothing typed, ends it. */
  hidden(): Promise<string | undefined>;
  /** Gives the terminal back. */
  close(): void;
}

interface Press {
  text: string | undefined;
  key: Key;
}

/** A pasted text as one line. A line break at its end does not send it, and is left out. */
const asOneLine = (text: string): string => {
  const lines = printable(text.replaceAll(/\r\n?/g, "\n"));
  return (lines.endsWith("\n") ? lines.trimEnd() : lines).replaceAll("\n", lineBreak);
};

/** The message that an edited line stands for. */
export const messageOf = (line: string): string => line.replaceAll(lineBreak, "\n").trim();

/** Reads the keys of a terminal. Pasted text comes as one key, its line breaks as `⏎`: it is one message. */
export const createKeys = ({ stdin, stdout }: Pick<Context, "stdin" | "stdout">): Keys => {
  const input = new Readable({ read: () => undefined });
  const held: Press[] = [];
  let pasted: string | undefined;

  const forward = ({ text, key }: Press) => void input.emit("keypress", text, key);
  let take: (press: Press) => void = forward;
  const handOver = (next: typeof take) => {
    take = next;
    // Enter makes readline's listener hold the keys that follow.
    while (take === next) {
      const press = held.shift();
      if (!press) return;
      next(press);
    }
  };

  const onKey = (text: string | undefined, key: Key) => {
    if (key.name === "paste-start") pasted = "";
    else if (key.name === "paste-end") {
      const whole = asOneLine(pasted ?? "");
      pasted = undefined;
      if (whole !== "") take({ text: whole, key: { sequence: whole } });
    } else if (pasted !== undefined) pasted += text ?? "";
    else take({ text, key });
  };
  const onEnd = () => void input.push(null);

  emitKeypressEvents(stdin);
  stdin.on("keypress", onKey).on("end", onEnd);
  stdin.setRawMode?.(true);
  stdin.resume();
  stdout.write(tellPastes);

  return {
    input,
    hold(onInterrupt) {
      take = (press) => {
        if (press.key.ctrl && press.key.name === "c") {
          held.length = 0;
          onInterrupt();
        } else if (held.length < mostHeld) held.push(press);
      };
    },
    release: () => handOver(forward),
    hidden: () =>
      new Promise((resolve) => {
        let line = "";
        const end = (result: string | undefined) => {
          take = (press) => void held.push(press);
          stdout.write("\n");
          resolve(result);
        };
        handOver(({ text, key }) => {
          if (key.name === "return" || key.name === "enter") end(line);
          else if (key.ctrl && (key.name === "d" || (key.name === "c" && line === ""))) end(undefined);
          else if (key.ctrl && (key.name === "c" || key.name === "u")) line = "";
          else if (key.name === "backspace") line = line.slice(0, -1);
          else if (!key.ctrl && !key.meta) line += printable(text ?? "");
        });
      }),
    close() {
      stdin.off("keypress", onKey).off("end", onEnd);
      stdin.setRawMode?.(false);
      stdin.pause();
      stdout.write(doNotTellPastes);
    },
  };
};
