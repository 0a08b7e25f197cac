import posix from "node:path/posix";
import type { Output } from "../base/output.ts";
import { pictureTypeOf } from "../base/picture-type.ts";
import type { Reader } from "../base/reader.ts";
import { readMarkdownText } from "./markdown.ts";

/** Adds what was read of a picture, whose lines are not those of a file. */
export const addPerceived = (text: string, output: Output): void =>
  readMarkdownText(text, {
    ...output,
    add: ({ lines: _, ...block }) => output.add(block),
    title: () => undefined,
  });

/** Reads the text in a picture. */
export const readPicture: Reader = async ({ bytes, name }, output, _, perceive) => {
  const mediaType = pictureTypeOf(bytes) ?? "";
  const text = await perceive({ kind: "picture", name: posix.basename(name), mediaType, bytes });
  addPerceived(text, output);
};

const recordings: Readonly<Record<string, string>> = {
  mp3: "audio/mpeg",
  wav: "audio/wav",
  m4a: "audio/mp4",
  ogg: "audio/ogg",
  oga: "audio/ogg",
  opus: "audio/ogg",
  flac: "audio/flac",
  weba: "audio/webm",
};

/** Reads the speech of a recording. */
export const readRecording: Reader = async ({ bytes, name }, output, _, perceive) => {
  const extension = posix.extname(name).slice(1).toLowerCase();
  const mediaType = recordings[extension] ?? "audio/mpeg";
  const text = await perceive({ kind: "recording", name: posix.basename(name), mediaType, bytes });
  addPerceived(text, output);
};
