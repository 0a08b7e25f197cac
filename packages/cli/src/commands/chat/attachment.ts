import { readFile, stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import { CliError } from "../../base/errors.ts";

/** A file to be sent to a formation. */
export interface Attachment {
  filename: string;
  /** Base64. */
  content: string;
  content_type: string;
  size: number;
  isAudio: boolean;
}

/** Limit of docs/spec/cli.md "muxi chat". */
const mostBytes = 100 * 1024 * 1024;

const types: Readonly<Record<string, string>> = {
  ...{ txt: "text/plain", md: "text/markdown", csv: "text/csv", html: "text/html", json: "application/json" },
  ...{ yaml: "application/yaml", yml: "application/yaml", xml: "application/xml", pdf: "application/pdf" },
  ...{ png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", gif: "image/gif", webp: "image/webp" },
  ...{ mp3: "audio/mpeg", wav: "audio/wav", m4a: "audio/mp4", ogg: "audio/ogg", flac: "audio/flac" },
  ...{ webm: "video/webm", mp4: "video/mp4", mov: "video/quicktime" },
};

/** @throws CliError when the file cannot be read, is not a file, or is too large. */
export const readAttachment = async (path: string): Promise<Attachment> => {
  const size = await stat(path).then(
    (found) => (found.isFile() ? found.size : undefined),
    (error: Error) => {
      throw new CliError(`The file cannot be read: ${path}`, { detail: [error.message], cause: error });
    },
  );
  if (size === undefined) throw new CliError(`${path} is not a file`);
  if (size > mostBytes) {
    throw new CliError(`${path} is larger than ${mostBytes / 1024 / 1024} MB`, {
      hint: "Add it to the formation's knowledge instead",
    });
  }
  const type = types[extname(path).slice(1).toLowerCase()] ?? "application/octet-stream";
  return {
    filename: basename(path),
    content: (await readFile(path)).toString("base64"),
    content_type: type,
    size,
    isAudio: type.startsWith("audio/"),
  };
};
