import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { OcrFiles } from "@muxi/documents";
import { isSystemError } from "@muxi/formation";

/** The nets of a data package, the smaller one first: it reads as well. */
const nets = ["4.0.0_best_int", "4.0.0"];

const languagesIn = (scope: string): [code: string, file: string][] => {
  if (!existsSync(scope)) return [];
  return readdirSync(scope).flatMap((code) => {
    const file = nets.map((net) => path.join(scope, code, net, `${code}.traineddata.gz`)).find(existsSync);
    return file === undefined ? [] : [[code, file] as const];
  });
};

/**
 * What recognises letters, where a formation has installed it (docs/spec/formation-files.md "Scans and recordings").
 *
 * @param dir Formation folder.
 */
export const findOcr = (dir: string): OcrFiles | undefined => {
  const { resolve } = createRequire(path.join(dir, "package.json"));
  try {
    const engine = resolve("tesseract.js");
    const folders = resolve.paths("tesseract.js") ?? [];
    const languages = folders.flatMap((folder) => languagesIn(path.join(folder, "@tesseract.js-data")));
    return languages.length === 0 ? undefined : { engine, languages: Object.fromEntries(languages) };
  } catch (error) {
    if (isSystemError(error, "MODULE_NOT_FOUND")) return undefined;
    throw error;
  }
};
