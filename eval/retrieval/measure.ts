import { kinds, type Question } from "./corpus.ts";

/** A way to find documents. */
export interface Way {
  name: string;
  /** The names of the documents that fit a question best, best first. */
  find(question: Question): Promise<string[]>;
  close(): Promise<void>;
}

export interface Figures {
  questions: number;
  /** The share of the documents asked for that are among the first 5. */
  recall5: number;
  /** The mean of 1 by the place of the first document asked for. */
  mrr: number;
  /** The gain of the first 10, beside that of the best order. */
  ndcg10: number;
}

/** The figures of a way for the questions of one kind, in one language. */
export interface Row extends Figures {
  way: string;
  kind: Question["kind"];
  language: string;
}

const gainAt = (place: number): number => 1 / Math.log2(place + 2);

const figuresOf = (found: readonly string[], { documents }: Question): Figures => {
  const places = documents.map((document) => found.indexOf(document)).filter((place) => place >= 0);
  const first = Math.min(...places);
  const gain = places.filter((place) => place < 10).reduce((sum, place) => sum + gainAt(place), 0);
  const best = documents.slice(0, 10).reduce((sum, _, place) => sum + gainAt(place), 0);
  return {
    questions: 1,
    recall5: places.filter((place) => place < 5).length / documents.length,
    mrr: places.length === 0 ? 0 : 1 / (first + 1),
    ndcg10: gain / best,
  };
};

const meanOf = (figures: readonly Figures[]): Figures => {
  const mean = (of: (each: Figures) => number) =>
    figures.reduce((sum, each) => sum + of(each), 0) / figures.length;
  return {
    questions: figures.length,
    recall5: mean(({ recall5 }) => recall5),
    mrr: mean(({ mrr }) => mrr),
    ndcg10: mean(({ ndcg10 }) => ndcg10),
  };
};

/** Asks every question; a row for each kind and language, and one for each kind in `all` of them. */
export const measure = async (way: Way, questions: readonly Question[]): Promise<Row[]> => {
  const asked: { question: Question; figures: Figures }[] = [];
  for (const question of questions) {
    asked.push({ question, figures: figuresOf(await way.find(question), question) });
  }
  const languages = [...new Set(questions.map(({ language }) => language))];
  return kinds.flatMap((kind) => {
    const ofKind = asked.filter(({ question }) => question.kind === kind);
    return ["all", ...languages].map((language) => ({
      way: way.name,
      kind,
      language,
      ...meanOf(
        ofKind
          .filter(({ question }) => language === "all" || question.language === language)
          .map(({ figures }) => figures),
      ),
    }));
  });
};
