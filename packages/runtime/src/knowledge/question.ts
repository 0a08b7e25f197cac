import { isCommonWord, topicWordsOf, wordsOf } from "../text/index.ts";

/** The words to search by, and how much each counts. */
export type SearchedWords = ReadonlyMap<string, number>;

/** What is searched for: the words, and a text for models that compare meanings. */
export interface Question {
  words: SearchedWords;
  text: string;
}

/** Different words of a question that are looked at. */
const mostWords = 200;
/** What a word counts that stands only in the message before. */
const earlierWeight = 0.5;
/** Characters of a message that may lean on those before it, and how far back it may lean. */
const longestFollowUp = 160;
export const mostEarlier = 3;

const beginnings = [
  "and|or|but|also|then|so|what about|how about|what if|same for|why|how so|how come|(?:tell me )?more",
  "und|oder|aber|auch|sonst|dann|wie ist es|wie sieht es|was ist mit|wieso|warum|weshalb|mehr",
  "et|mais|alors|aussi|sinon|qu['’]en est-il|pourquoi",
  "y|e|pero|también|entonces|qué pasa con|qué hay de|por qué|ed|anche|allora|invece|perché|também|então",
  "maar|ook|en (?:voor|hoe|wat|wanneer|waar)|hoe zit het|waarom|och|också|varför|og|også|hvorfor|a co z|oraz|dlaczego",
  "а|и|но|или|тоже|тогда|почему|зачем|та|але|чому|ve|peki|neden|còn|vậy|tại sao",
  "ولماذا|لماذا|ماذا عن|وماذا|وهل|وكيف|ומה|ואם|למה|और|लेकिन|क्यों",
].join("|");
const unspacedBeginnings =
  "那|还有|另外|但是|为什么|为何|それで|では|じゃあ|それなら|なぜ|どうして|그럼|그러면|그리고|그런데|왜|แล้ว|และ|ทำไม";

/** Beginnings of messages that go on with something, in the languages that are written most. */
const goesOn = new RegExp(
  String.raw`^[\s¿¡"'(]*(?:(?:${beginnings})(?![\p{L}\p{M}])|${unspacedBeginnings})`,
  "iu",
);

/** None that is an article or means something else in another language. */
const spacedPronouns = [
  "it|its|they|them|their|those|these|that|this|him|she|her|ones|the same|else",
  String.raw`das(?=\s*\?)|es(?=\s*\?)`,
  "dafür|davon|dazu|damit|dabei|daran|darin|dort|dieser|dieses|diesem|jener|jene|ihn|ihm|ihnen|deren|dessen",
  "ça|cela|celui|celle|ceux|celles|ceci|elle|elles|ils",
  "eso|esto|ese|esa|esos|esas|ello|ellos|ellas|allí",
  "quello|quella|quelli|questo|questa|esso|essa|isso|isto|ele|ela|eles|elas|disso",
  "daarvoor|daarvan|deze|hen|tego|tym|jego|jej",
  "это|этого|этом|этот|эта|он|она|оно|они|его|её|их|ему|ей|им|там|bunu|bunun|onun|onlar",
  "هذا|هذه|ذلك|تلك|זה|זאת|הוא|היא",
].join("|");
const unspacedPronouns =
  "这个|那个|这些|那些|它|他们|她们|这样|那里|这里|それ|これ|あれ|その|そこ|그것|이것|그거|이거|거기";

/** Words that stand for something that was named before. */
const pronouns = new RegExp(String.raw`(?<![\p{L}\p{M}'’])(?:${spacedPronouns})(?![\p{L}\p{M}])`, "iu");
const pronounsInShort = new RegExp(unspacedPronouns, "u");
/** A message that says more than this about its subject needs no other for a pronoun in it. */
const mostOwnWords = 3;
const longestInShort = 16;
const asks = /[?？؟;]\s*$/;

/** Whether a message is understood only with the one before it. */
export const leansOnEarlier = (message: string): boolean => {
  const text = message.trim();
  if (text.length > longestFollowUp) return false;
  if (goesOn.test(text)) return true;
  if (text.length <= longestInShort && pronounsInShort.test(text)) return true;
  const topics = topicWordsOf(text).size;
  return (topics === 0 && asks.test(text)) || (topics <= mostOwnWords && pronouns.test(text));
};

/**
 * What to search for when a user asks something (docs/spec/formation-files.md "Search"). A message that leans on those before
 * it, such as "and for children?", is completed with what they were about.
 *
 * @param earlier Messages of the user before this one, the oldest first.
 */
export const questionOf = (message: string, earlier: readonly string[] = []): Question => {
  const words = new Map<string, number>();
  for (const word of wordsOf(message)) {
    if (words.size === mostWords) break;
    words.set(word, 1);
  }
  const texts = [message];
  let leaning = message;
  for (const before of earlier.slice(-mostEarlier).reverse()) {
    if (!leansOnEarlier(leaning)) break;
    for (const word of wordsOf(before)) {
      if (words.size < mostWords && !words.has(word) && !isCommonWord(word)) words.set(word, earlierWeight);
    }
    texts.unshift(before);
    leaning = before;
  }
  return { words, text: texts.join("\n") };
};
