import { readFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";

/** What a user says, and the agent that is right to answer. */
export interface SaidTurn {
  agent: string;
  message: string;
}

/** Conversations with the agents of `farm`. The right agents were written down before any of it was tuned. */
export const readDialogues = async (): Promise<SaidTurn[][]> => {
  const file = path.join(import.meta.dirname, "fixtures/dialogues/farm.txt");
  return (await readFile(file, "utf8")).split(/\n\n+/).map((dialogue) =>
    dialogue.split("\n").flatMap((line) => {
      const [, agent, message] = /^(\w+): (.*)$/.exec(line) ?? [];
      return agent === undefined || message === undefined ? [] : [{ agent, message }];
    }),
  );
};

const agentFile = (id: string, name: string, description: string, specialties: string) => `schema: "1.0.0"
id: ${id}
name: ${name}
description: "${description}"
specialties: [${specialties}]
`;

/** The agents of a farm that sells boxes of vegetables, as files of a formation. */
export const farm = {
  "agents/kitchen.afs": agentFile(
    "kitchen",
    "Kitchen",
    "Cooks with what grows here: recipes, baking, preserving, ingredients and menus",
    "recipes, baking, preserves",
  ),
  "agents/garden.afs": agentFile(
    "garden",
    "Garden",
    "Advises on growing fruit and vegetables: sowing, planting, pruning, pests, soil and compost",
    "plants, pruning, pests",
  ),
  "agents/office.afs": agentFile(
    "office",
    "Office",
    "Looks after members: membership fees, invoices, payments, orders, delivery of vegetable boxes, opening hours",
    "membership, invoices, delivery",
  ),
};

/** What belongs to each subject, by beginnings of words in the languages of the dialogues. */
const subjects: readonly [subject: string, signs: RegExp][] = [
  [
    "recipes",
    /(?<!\p{L})(?:recip|rezept|recette|receta|ricett|receita|recept|przepis|cook|cuisin|cocin|cucin|koch|bak|backe|oven|ofen|au four|forn|piekarnik|menu|menü|crumble|bread|brot|sourdough|pie\b|cake|cider|kitchen|sauce|soup|jelly|jam|marmel|mermel|compota|conserver|preserve|chutney|meringue|pickle|yoghurt|sponge|cheese|spices|fritter|puffer|mayonnaise|eggs?\b (?:go|safe)|lentils|dessert|nachtisch|serve|vegetarian|glut of|zucchini|leftover|peel\? a|elderflower|roast|torta|tarte|appeltaart|szarlotk|sugar|zucker|sucre|azúcar|açúcar|cukru|flour|mehl|vegan)|レシピ|食谱|레시피|オーブン|오븐|烤/giu,
  ],
  [
    "growing",
    /(?<!\p{L})(?:prun(?!es)|schneide|tailler|podan|potan|beskär|snoei|tree|baum|bäume|appelboom|äppelträd|poirier|manzano|leaves|leaf|grow|sow|siembr|plant|soil|boden|compost|kompost|aphid|blattl|pucerons|pulgones|slug|schneck|graft|mulch|lime\b|wasps|shady|balcony|bindweed|harvest|my (?:tomatoes|pear|plum|cabbage|rhubarb)|going to seed|currant bush|green manure|spots|tomatoes stand|geese|hens|rosier|rosas|roses|rosen|seedling|dig)|剪定/giu,
  ],
  [
    "membership",
    /(?<!\p{L})(?:member|mitglied|socio|membre|invoice|rechnung|factur|fattur|faktura|pay|zahl|order|bestell|commande|encomenda|deliver|livraison|entrega|opening hours|open on|geöffnet|shop|my (?:vegetable )?box|kiste|discount|voucher|volunteer|charged|refund|my data|receipt|fee\b|price|plastic free|box\b|kost(?:et|en)\b)|发票|配達/giu,
  ],
];

const questionSchema = z.object({
  answering: z.string().optional(),
  conversation: z.array(z.object({ role: z.string(), content: z.string() })),
});

/** What a model knows that has read nothing but the question of the router: the agent that the last message is for. */
export const chosenFrom = (prompt: { system: string; user: string }): string | undefined => {
  const agents = [...prompt.system.matchAll(/^- (\w+): (.*)$/gm)].map(([, id = "", about = ""]) => ({
    id,
    about,
  }));
  const { answering, conversation } = questionSchema.parse(JSON.parse(prompt.user));
  const said = conversation.filter(({ role }) => role === "user").map(({ content }) => content);
  const forMessage = (message: string): string | undefined => {
    const counts = subjects.map(([subject, signs]) => ({
      subject,
      count: (message.match(signs) ?? []).length,
    }));
    const best = Math.max(...counts.map(({ count }) => count));
    const meant = counts.filter(({ count }) => count === best);
    return best === 0 || meant.length > 1
      ? undefined
      : agents.find(({ about }) => about.includes(meant[0]?.subject ?? ""))?.id;
  };
  return forMessage(said.at(-1) ?? "") ?? answering ?? said.toReversed().map(forMessage).find(Boolean);
};
