import type { DocumentPassage } from "@muxi/documents";
import type { DocumentWord } from "../store/index.ts";
import { compoundPartsOf, weightIn, wordsOf } from "../text/index.ts";
import { searchedText } from "./searched-text.ts";

/** Characters of a passage for each word that counts. */
const charactersOfWord = 10;
/** Weights are stored as whole numbers: hundredths. */
export const weightUnit = 100;
/** Passages of one document that are kept for a word: those in which it weighs most. */
const mostPlaces = 200;

/** Collects the words of a document, passage by passage. */
export interface DocumentWords {
  add(passage: DocumentPassage): void;
  rows(): Generator<DocumentWord>;
}

/**
 * The weights of BM25 but for rarity, which changes with each document. Lengths are compared with that of a full passage:
 * then a document has the same weights whatever else there is.
 *
 * @param size Longest passage in characters.
 */
export const createDocumentWords = (size: number): DocumentWords => {
  const places = new Map<string, { position: number; weight: number }[]>();
  let position = 0;

  return {
    add(passage) {
      const text = searchedText(passage);
      const words = wordsOf(text);
      const counts = new Map<string, number>();
      // Parts make no text longer.
      for (const word of [...words, ...compoundPartsOf(text)]) counts.set(word, (counts.get(word) ?? 0) + 1);
      const length = (words.length * charactersOfWord) / size;
      for (const [word, count] of counts) {
        const weight = Math.round(weightUnit * weightIn(count, length));
        const known = places.get(word);
        if (known) known.push({ position, weight });
        else places.set(word, [{ position, weight }]);
      }
      position += 1;
    },
    *rows() {
      for (const [word, found] of places) {
        const heaviest = found.sort((a, b) => b.weight - a.weight).slice(0, mostPlaces);
        yield {
          word,
          best: heaviest[0]?.weight ?? 0,
          passages: found.length,
          places: heaviest.map((place) => `${place.position},${place.weight}`).join(),
        };
      }
    },
  };
};
