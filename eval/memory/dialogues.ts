import { chatter, names, openings, replies } from "./chatter.ts";
import {
  appointments,
  daysAgo,
  daysAhead,
  type Event,
  type Group,
  groups,
  happenings,
  type Liking,
  likings,
  type Topic,
  topics,
} from "./topics.ts";

/** What the scripted model finds in a message. */
export interface KeyFact {
  /** `{day}` stands for the date that is so many `days` from the day on which the message was said. */
  memory: string;
  days?: number;
  collection: string;
  /** Matches the known memories of which it is a newer value. */
  replaces?: RegExp;
  confidence: number;
  /** A mistake of the model: what it takes for a fact stands in the answer alone. */
  isFromAnswer?: boolean;
}

export interface Turn {
  message: string;
  answer: string;
  facts: readonly KeyFact[];
}

export interface Session {
  /** Unix milliseconds. */
  at: number;
  turns: Turn[];
}

export const kinds = ["changed", "time", "preference", "sessions", "abstention"] as const;

export interface Question {
  kind: (typeof kinds)[number];
  text: string;
  /** All that the answer needs. Empty when there is no answer. */
  expected: readonly string[];
  /** What may be taken for an answer. */
  choices: readonly string[];
  /** Which of several values is asked for: the one at a time, or the one before the newest. Default: the newest. */
  of?: { at: number } | "before";
}

export interface Dialogue {
  user: string;
  zone: string;
  sessions: Session[];
  questions: Question[];
  /** What other users may have said, and this one has not. */
  neverSaid: readonly string[];
}

const day = 86_400_000;

/** Numbers that look random and are the same at each run. */
const createDice = (seed: number) => {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    const mixed = Math.imul(state ^ (state >>> 12), 0x297a2d39);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
  const below = (end: number): number => Math.floor(next() * end);
  const one = <T>(list: readonly T[]): T => {
    const chosen = list[below(list.length)];
    if (chosen === undefined) throw new Error("nothing to choose from");
    return chosen;
  };
  const some = <T>(list: readonly T[], count: number): T[] => {
    const left = [...list];
    return Array.from({ length: Math.min(count, left.length) }, () =>
      left.splice(below(left.length), 1),
    ).flat();
  };
  return { below, one, some };
};

type Dice = ReturnType<typeof createDice>;

const fill = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Matches what a good extractor makes of any value of a topic. */
const anyValueOf = ({ memory }: Topic): RegExp =>
  new RegExp(`^${memory.split("{v}").map(escaped).join(".+")}$`);

/** When the sessions take place: over seven months, some late in the evening and some before breakfast. */
const months = ["January", "February", "March", "April", "May", "June", "July"] as const;
const firstMonth = Date.UTC(2026, 0, 1);
const hours = [23.4, 9.2, 13.1, 6.3, 23.8, 18.5, 0.3] as const;
const sessionCount = months.length;
/** When the questions are asked: after the last session. */
export const askedOn = Date.UTC(2026, 7, 4, 12);

/** Milliseconds that a zone is ahead of UTC, at a time. */
const offsetOf = (zone: string, at: number): number => {
  const parts = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
  return Date.parse(`${parts.format(at).replace(" ", "T")}Z`) - Math.floor(at / 1000) * 1000;
};

/** The date in a zone, such as `2026-03-04`, so many days from a time. */
export const dateIn = (zone: string, at: number, days = 0): string =>
  new Date(at + offsetOf(zone, at) + days * day).toISOString().slice(0, 10);

/** Sessions at hours of the clock in their zone. */
const timesIn = (zone: string, dice: Dice): number[] =>
  months.map((_, month) => {
    const local = Date.UTC(2026, month, 8 + dice.below(12)) + (hours[month] ?? 12) * 3_600_000;
    return local - offsetOf(zone, local);
  });

const said = (dice: Dice, message: string, ...facts: KeyFact[]): Turn => ({
  message,
  answer: dice.one(replies),
  facts,
});

const sure = { confidence: 0.9 };

/** A topic whose value is told and then changes, once or twice. */
const change = (dice: Dice, topic: Topic, values: readonly string[], sessions: readonly Session[]) => {
  const replaces = anyValueOf(topic);
  const spread =
    values.length === 3
      ? [0, 2, 5]
      : dice.one([
          [0, 4],
          [1, 3],
          [1, 5],
        ]);
  let old = "";
  for (const [index, v] of values.entries()) {
    const text = dice.one(index === 0 ? topic.told : topic.changed);
    const fact = { memory: fill(topic.memory, { v }), collection: topic.collection, replaces, ...sure };
    sessions[spread[index] ?? 0]?.turns.push(said(dice, fill(text, { v, old }), fact));
    old = v;
  }
  const [first = "", ...later] = values;
  const newest = later.at(-1) ?? first;
  const previous = values.at(-2) ?? "";
  const inMonth = (month: number): Question => ({
    kind: "time",
    text: fill(dice.one(topic.askedAt), { month: `${months[month]} 2026` }),
    // Of the value that held during the whole month.
    expected: [values.findLast((_, index) => (spread[index] ?? 0) < month) ?? ""],
    choices: topic.values,
    of: { at: firstMonth + (month * 30.4 + 26) * day },
  });
  const quiet = [1, 2, 3, 4, 5].filter((month) => !spread.includes(month) && month > (spread[0] ?? 0));
  const asked: Question[] = [
    { kind: "changed", text: dice.one(topic.asked), expected: [newest], choices: topic.values },
    {
      kind: "changed",
      text: fill(dice.one(topic.askedBefore), { v: newest }),
      expected: [previous],
      choices: topic.values,
      of: "before",
    },
    inMonth(dice.one(quiet)),
  ];
  return asked;
};

const like = (
  dice: Dice,
  { memory, values, told, asked }: Liking,
  session: Session | undefined,
): Question[] => {
  const v = dice.one(values);
  const fact = { memory: fill(memory, { v }), collection: "preferences", ...sure };
  session?.turns.push(said(dice, fill(dice.one(told), { v }), fact));
  return asked.map((text) => ({ kind: "preference", text, expected: [v], choices: values }));
};

/** Several of a kind, each told in a session of its own. */
const gather = (
  dice: Dice,
  group: Group,
  values: readonly string[],
  sessions: readonly Session[],
): Question => {
  const chosen = dice.some(sessions, values.length);
  for (const [index, v] of values.entries()) {
    const fact = { memory: fill(group.memory, { v }), collection: "relationships", ...sure };
    const told = group.told[index % group.told.length] ?? "";
    chosen[index]?.turns.push(said(dice, fill(told, { v }), fact));
  }
  return { kind: "sessions", text: dice.one(group.asked), expected: values, choices: group.values };
};

const datesOf2026 = Array.from({ length: 365 }, (_, index) =>
  new Date(firstMonth + index * day).toISOString().slice(0, 10),
);

const happen = (
  dice: Dice,
  event: Event,
  told: { told: string; days: number },
  session: Session | undefined,
  zone: string,
): Question => {
  if (!session) throw new Error("there is no such session");
  const fact = { memory: event.memory, days: told.days, collection: "context", ...sure };
  session.turns.push(said(dice, fill(dice.one(event.told), { day: told.told }), fact));
  const expected = dateIn(zone, session.at, told.days);
  return { kind: "time", text: dice.one(event.asked), expected: [expected], choices: datesOf2026 };
};

/** What sounds as if it were the user's, and is not: of another person, imagined, or claimed by an answer. */
const mislead = (dice: Dice, topic: Topic, values: readonly string[], session: Session | undefined) => {
  const [others = "", imagined = "", claimed = ""] = values;
  const memoryOf = (v: string) => fill(topic.memory, { v });
  session?.turns.push(
    said(dice, fill(topic.ofOthers.told, { v: others }), {
      memory: fill(topic.ofOthers.memory, { v: others }),
      collection: "relationships",
      ...sure,
    }),
    said(dice, fill(topic.imagined, { v: imagined }), {
      memory: memoryOf(imagined),
      collection: topic.collection,
      confidence: 0.4,
    }),
    {
      message: dice.one(openings),
      answer: fill(topic.claimed, { v: claimed }),
      facts: [
        {
          memory: memoryOf(claimed),
          collection: topic.collection,
          replaces: anyValueOf(topic),
          confidence: 0.9,
          isFromAnswer: true,
        },
      ],
    },
  );
};

/** The values of a pair of users, so that neither has any of the other's. */
const dealt = (dice: Dice, values: readonly string[], counts: readonly number[]): string[][] => {
  const mixed = dice.some(values, values.length);
  return counts.map((count) => mixed.splice(0, count));
};

const withChatter = (dice: Dice, turns: readonly Turn[]): Turn[] =>
  turns.flatMap((turn) => [
    ...dice.some(chatter, 1 + dice.below(2)).map(([message, answer]) => ({ message, answer, facts: [] })),
    turn,
  ]);

const zones = ["UTC", "Pacific/Auckland", "America/Los_Angeles", "Asia/Kolkata", "Europe/Berlin"] as const;

const write = (dice: Dice, user: string, number: number, other: string, shared: Shared): Dialogue => {
  const { zone } = shared;
  const sessions = shared.times.map((at): Session => ({ at, turns: [] }));
  const questions: Question[] = [];
  for (const { topic, values, misleading } of shared.changing) {
    const index = number % 2;
    questions.push(...change(dice, topic, values[index] ?? [], sessions));
    mislead(dice, topic, misleading[index] ?? [], sessions[dice.one([3, 4, 6])]);
  }
  for (const liking of shared.likings) questions.push(...like(dice, liking, dice.one(sessions)));
  for (const { group, values } of shared.groups)
    questions.push(gather(dice, group, values[number % 2] ?? [], sessions));
  for (const event of shared.appointments)
    questions.push(happen(dice, event, dice.one(daysAhead), dice.one(sessions), zone));
  for (const event of shared.happenings)
    questions.push(happen(dice, event, dice.one(daysAgo), dice.one(sessions), zone));
  const { owned } = shared;
  if (number % 2 === 0) {
    // The first of the pair tells what the second one is asked about, who never said it.
    for (const { topic, value } of owned) {
      const fact = { memory: fill(topic.memory, { v: value }), collection: topic.collection, ...sure };
      dice.one(sessions).turns.push(said(dice, fill(dice.one(topic.told), { v: value }), fact));
    }
  } else {
    for (const { topic, misleading } of owned) {
      mislead(dice, topic, misleading, sessions[dice.below(sessionCount)]);
      questions.push({
        kind: "abstention",
        text: dice.one(topic.asked),
        expected: [],
        choices: topic.values,
      });
    }
  }
  for (const { topic } of shared.unsaid)
    questions.push({ kind: "abstention", text: dice.one(topic.asked), expected: [], choices: topic.values });
  questions.push({
    kind: "abstention",
    text: `What has ${other} told you of the car, the town and the manager? Tell me all about ${other}.`,
    expected: [],
    choices: shared.changing.flatMap(({ values }) => values[(number + 1) % 2] ?? []),
  });
  for (const session of sessions) session.turns = withChatter(dice, session.turns);
  const words = sessions
    .flatMap(({ turns }) => turns.map(({ message, answer }) => `${message} ${answer}`))
    .join(" ");
  const neverSaid = [...topics, ...likings, ...groups]
    .flatMap(({ values }) => values)
    .filter((value) => !words.includes(value));
  return { user, zone, sessions, questions, neverSaid };
};

interface Shared {
  zone: string;
  times: number[];
  changing: { topic: Topic; values: string[][]; misleading: string[][] }[];
  owned: { topic: Topic; value: string; misleading: string[] }[];
  unsaid: { topic: Topic }[];
  likings: Liking[];
  groups: { group: Group; values: string[][] }[];
  appointments: Event[];
  happenings: Event[];
}

/** What the two users of a pair talk about: the same, so that one's facts would do as answers to the other. */
const sharedBy = (dice: Dice, zone: string): Shared => {
  const mixed = dice.some(topics, topics.length);
  return {
    zone,
    times: timesIn(zone, dice),
    changing: mixed.slice(0, 3).map((topic) => {
      const count = 2 + dice.below(2);
      const [one = [], other = [], oneMisled = [], otherMisled = []] = dealt(dice, topic.values, [
        count,
        count,
        3,
        3,
      ]);
      return { topic, values: [one, other], misleading: [oneMisled, otherMisled] };
    }),
    owned: mixed.slice(3, 5).map((topic) => {
      const [[value = ""] = [], misleading = []] = dealt(dice, topic.values, [1, 3]);
      return { topic, value, misleading };
    }),
    unsaid: mixed.slice(5, 7).map((topic) => ({ topic })),
    likings: dice.some(likings, 2),
    groups: groups.map((group) => ({ group, values: dealt(dice, group.values, [3, 2]) })),
    appointments: dice.some(appointments, 2),
    happenings: dice.some(happenings, 2),
  };
};

/** The 50 dialogues, in pairs of users who talk about the same things at the same time: always the same ones. */
export const writeDialogues = (): Dialogue[] =>
  names.flatMap((name, number) => {
    const other = names[number + 1];
    if (number % 2 === 1 || other === undefined) return [];
    const dice = createDice(1_000 + number);
    const zone = zones[(number / 2) % zones.length] ?? "UTC";
    const shared = sharedBy(dice, zone);
    return [write(dice, name, number, other, shared), write(dice, other, number + 1, name, shared)];
  });
