import { createDoubles } from "./doubles.ts";
import type { KnowledgePassage } from "./place.ts";

/** Bytes of a token in UTF-8: about right in English, and rather too many tokens than too few elsewhere. */
const bytesOfToken = 4;

/** About how many tokens a text takes. */
const tokensOf = (text: string): number => Math.ceil(Buffer.byteLength(text) / bytesOfToken);

/** Passages whose score is a smaller share of the best one's fit by chance. */
const leastShare = 0.3;

/** The best passages that have room together, each saying something else. The first one is always among them. */
export const chosenOf = async (
  passages: AsyncIterable<KnowledgePassage>,
  { limit, tokens }: { limit: number; tokens: number },
): Promise<KnowledgePassage[]> => {
  const chosen: KnowledgePassage[] = [];
  const doubles = createDoubles();
  let left = tokens;
  let least = 0;
  for await (const passage of passages) {
    if (passage.score < least) break;
    if (chosen.length === 0 && tokens < Number.POSITIVE_INFINITY) least = passage.score * leastShare;
    if (doubles.has(passage.text)) continue;
    left -= tokensOf(passage.text);
    if (left < 0 && chosen.length > 0) break;
    chosen.push(passage);
    if (chosen.length === limit) break;
  }
  return chosen;
};
