import posix from "node:path/posix";
import type { Failure } from "../base/document.ts";
import type { Output } from "../base/output.ts";
import type { Source } from "../base/reader.ts";
import type { Perceive } from "../base/senses.ts";
import { failureOf, Unreadable } from "../base/unreadable.ts";
import { addPerceived } from "./picture.ts";
import { openScans, type Scans } from "./scans.ts";

/** Numbers of pages in words: `pages 2–4, 7`. */
const named = (pages: readonly number[]): string => {
  const runs: [first: number, last: number][] = [];
  for (const page of pages) {
    const run = runs.at(-1);
    if (run && run[1] === page - 1) run[1] = page;
    else runs.push([page, page]);
  }
  const names = runs.map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`));
  return `${pages.length === 1 ? "page" : "pages"} ${names.join(", ")}`;
};

/** The pages of a PDF that have no text. */
export interface ScannedPages {
  /** Has a page read that may be a picture. Says whether there was text. */
  read(page: number, output: Output): Promise<boolean>;
  /** Why pages were not read, and which; undefined when all were. */
  unread(): (Failure & { part: string }) | undefined;
  close(): void;
}

/** What keeps one page from being read keeps all that follow: they are not drawn. */
export const createScannedPages = ({ bytes, name }: Source, perceive: Perceive): ScannedPages => {
  let scans: Scans | undefined;
  let failure: Failure | undefined;
  const unread: number[] = [];

  return {
    async read(page, output) {
      scans ??= await openScans(bytes);
      if (!scans.hasPicture(page)) return false;
      if (failure) {
        unread.push(page);
        return false;
      }
      try {
        const text = await perceive({
          kind: "picture",
          name: `${posix.basename(name)}, page ${page}`,
          mediaType: "image/png",
          bytes: await scans.draw(page),
        });
        addPerceived(text, output);
        return text.trim() !== "";
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        failure = failureOf(error);
        unread.push(page);
        return false;
      }
    },
    unread: () => failure && { part: named(unread), ...failure },
    close: () => scans?.close(),
  };
};
