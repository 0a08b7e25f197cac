import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { OcrFiles } from "./base/senses.ts";
import { Unreadable } from "./base/unreadable.ts";

/** What is used of `tesseract.js`, which a formation installs. */
interface Engine {
  createWorker(
    languages: string,
    mode: number,
    options: { langPath: string; gzip: boolean; cacheMethod: string; errorHandler: (error: unknown) => void },
  ): Promise<{ recognize(picture: Uint8Array): Promise<{ data: { text: string } }> }>;
}

/** Recognition by a neural net: the only one that the data of languages is made for. */
const byNet = 1;

/** Finds the text in a picture. */
export type RecogniseText = (picture: Uint8Array) => Promise<string>;

/**
 * Starts to recognise letters. All it needs is on this machine: without a folder of its data, the library would download it.
 */
export const openOcr = async ({ engine, languages }: OcrFiles): Promise<RecogniseText> => {
  const failed = (error: unknown): never => {
    throw new Unreadable("unavailable", `tesseract.js does not work: ${String(error)}`);
  };
  const loaded: { default: Engine } = await import(pathToFileURL(engine).href).catch(failed);
  const folder = await mkdtemp(path.join(tmpdir(), "muxi-ocr-"));
  try {
    for (const [code, file] of Object.entries(languages)) {
      await symlink(file, path.join(folder, `${code}.traineddata.gz`));
    }
    const worker = await loaded.default
      .createWorker(Object.keys(languages).join("+"), byNet, {
        langPath: folder,
        gzip: true,
        cacheMethod: "none",
        // Without it, what goes wrong ends the process besides being thrown.
        errorHandler: () => undefined,
      })
      .catch(failed);
    return async (picture) => (await worker.recognize(picture)).data.text;
  } finally {
    await rm(folder, { recursive: true });
  }
};
