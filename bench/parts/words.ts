import { indexWordsOf, wordsOf } from "../../packages/runtime/src/text/words.ts";
import { type Comparison, cpuOf, type Part } from "./part.ts";

const messages = {
  English:
    "I was told that the cherries in the north orchard ripen two weeks late this year. When should we start picking them, and how many crates do we need for the first 300 kilograms?",
  German:
    "Mir wurde gesagt, dass die Kirschen im nördlichen Obstgarten dieses Jahr zwei Wochen später reifen. Welche Rückgabefrist gilt für die 300 Erntekisten, falls wir weniger brauchen?",
  Russian:
    "Мне сказали, что вишня в северном саду в этом году созреет на две недели позже. Когда нам начинать сбор и сколько ящиков понадобится для первых 300 килограммов?",
  Chinese:
    "有人告诉我，北边果园的樱桃今年会晚两个星期成熟。我们应该什么时候开始采摘？第一批三百公斤需要多少个箱子？如果用不完，箱子可以在几天之内退货？",
  Thai: "มีคนบอกว่าเชอร์รี่ในสวนทางเหนือปีนี้จะสุกช้ากว่าปกติสองสัปดาห์ เราควรเริ่มเก็บเมื่อไร และต้องใช้ลังกี่ใบสำหรับ 300 กิโลกรัมแรก ถ้าใช้ไม่หมดคืนได้ภายในกี่วัน",
} as const;

const times = 2_000;

const stopWords = new Set(
  `a about an and any are as at be but by can could did do does for from had has have how i if in is it its me my of
  on or our please she should so tell that the their them then there these they this to us was we were what when
  where which who whom why will with would you your ll re s t ve`.split(/\s+/),
);

const stem = (word: string): string => {
  if (word.length > 4 && word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  if (word.length > 5 && word.endsWith("ing")) return word.slice(0, -3);
  if (word.length > 4 && word.endsWith("ed")) return word.slice(0, -2);
  if (word.length > 3 && word.endsWith("s") && !word.endsWith("ss")) return word.slice(0, -1);
  return word;
};

/** The former way: a word is a run of letters and digits in every language. */
const split = (text: string): string[] =>
  (
    text
      .normalize("NFKD")
      .replace(/\p{M}/gu, "")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  )
    .filter((word) => !stopWords.has(word))
    .map(stem);

const read = (language: string, message: string): Comparison => {
  const sample = (words: (text: string) => string[]) =>
    cpuOf(() => {
      for (let time = 0; time < times; time++) {
        if (words(message).length === 0) throw new Error(`no words are found in ${language}`);
      }
      return times;
    });
  return {
    label: `a message in ${language}`,
    unit: "µs",
    contenders: [
      { name: "ours", sample: sample(wordsOf) },
      { name: "split", sample: sample(split) },
      { name: "with compounds, for the index", sample: sample(indexWordsOf) },
    ],
  };
};

export const words: Part = {
  name: "words",
  page: "words.md",
  open: () => ({
    comparisons: Object.entries(messages).map(([language, message]) => read(language, message)),
  }),
};
