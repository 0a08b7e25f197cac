import type { Reading } from "./document-worker.ts";

/** What comes of a document whose reading does not end by itself. */
export const damaged: Reading = { failure: { code: "broken", reason: "it is damaged" } };

export const tooLarge: Reading = {
  failure: { code: "too_large", reason: "reading it takes too much memory" },
};

export const tooSlow = (milliseconds: number): Reading => ({
  failure: { code: "too_slow", reason: `reading it takes longer than ${milliseconds / 1000} seconds` },
});
