import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { LocalFilesystem, Workspace } from "@mastra/core/workspace";
import { MDocument } from "@mastra/rag";
import { create, insertMultiple, search } from "@orama/orama";
import { stemmer as english } from "@orama/stemmers/english";
import { stemmer as french } from "@orama/stemmers/french";
import { stemmer as german } from "@orama/stemmers/german";
import { stemmer as italian } from "@orama/stemmers/italian";
import { stemmer as russian } from "@orama/stemmers/russian";
import { stemmer as spanish } from "@orama/stemmers/spanish";
import { stopwords as englishStopWords } from "@orama/stopwords/english";
import { stopwords as frenchStopWords } from "@orama/stopwords/french";
import { stopwords as germanStopWords } from "@orama/stopwords/german";
import { stopwords as italianStopWords } from "@orama/stopwords/italian";
import { stopwords as japaneseStopWords } from "@orama/stopwords/japanese";
import { stopwords as mandarinStopWords } from "@orama/stopwords/mandarin";
import { stopwords as russianStopWords } from "@orama/stopwords/russian";
import { stopwords as spanishStopWords } from "@orama/stopwords/spanish";
import { createTokenizer as createJapanese } from "@orama/tokenizers/japanese";
import { createTokenizer as createMandarin } from "@orama/tokenizers/mandarin";

const versionOf = (name) =>
  JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), "utf8")).version;

const different = (names) => [...new Set(names)];

/** What Orama needs to know of a language: it is told which, for documents and questions. */
const tokenizers = {
  de: { language: "german", stemming: true, stemmer: german, stopWords: germanStopWords },
  en: { language: "english", stemming: true, stemmer: english, stopWords: englishStopWords },
  es: { language: "spanish", stemming: true, stemmer: spanish, stopWords: spanishStopWords },
  fr: { language: "french", stemming: true, stemmer: french, stopWords: frenchStopWords },
  it: { language: "italian", stemming: true, stemmer: italian, stopWords: italianStopWords },
  ja: createJapanese({ language: "japanese", stopWords: japaneseStopWords }),
  ru: { language: "russian", stemming: true, stemmer: russian, stopWords: russianStopWords },
  zh: createMandarin({ language: "mandarin", stopWords: mandarinStopWords }),
};

const openOrama = async (passages, most) => {
  const indexes = new Map();
  for (const [language, tokenizer] of Object.entries(tokenizers)) {
    const index = create({ schema: { text: "string" }, components: { tokenizer } });
    await insertMultiple(
      index,
      passages.filter((passage) => passage.language === language),
    );
    indexes.set(language, index);
  }
  return {
    name: `@orama/orama ${versionOf("@orama/orama")}`,
    async find({ question, language }) {
      const { hits } = await search(indexes.get(language), {
        term: question,
        properties: ["text"],
        threshold: 1,
        limit: most,
      });
      return different(hits.map(({ document }) => document.source));
    },
    close: async () => {},
  };
};

const openMastra = async (documents, most) => {
  const workspace = new Workspace({ filesystem: new LocalFilesystem({ basePath: tmpdir() }), bm25: true });
  for (const { name, markdown } of documents) {
    const chunks = await MDocument.fromMarkdown(markdown).chunk({
      strategy: "recursive",
      maxSize: 1000,
      overlap: 100,
    });
    for (const [number, { text }] of chunks.entries()) await workspace.index(`${name}#${number}`, text);
  }
  return {
    name: `@mastra/core ${versionOf("@mastra/core")}`,
    async find({ question }) {
      const found = await workspace.search(question, { topK: most, mode: "bm25" });
      return different(found.map(({ id }) => id.slice(0, id.lastIndexOf("#"))));
    },
    close: async () => {},
  };
};

/** The searches of others: Orama's of our passages, Mastra's of its own chunks of the documents. */
export const openPeers = async (documents, passages, most) => [
  await openOrama(passages, most),
  await openMastra(documents, most),
];
