/** What a message orders about jobs, by rules: this is how the built-in model understands it, in plain English. */
type JobOrder =
  | { tool: "list_jobs" }
  | { tool: "make_job"; schedule: string; message: string }
  | { tool: "change_job"; job: string; action: "pause" | "resume" | "delete" };

const politeness = /^(?:please|can you|could you|would you|will you)[ ,]+/i;

const reminding = /^(?:remind me|set (?:me )?a reminder|give me a reminder)[ ,]+/i;

const listing =
  /^(?:(?:what|which jobs|which reminders) (?:have i|do i have|did i) (?:scheduled?|set up|planned)|what(?: is| are|'s) (?:scheduled|my (?:jobs|reminders|scheduled jobs))|(?:list|show)(?: me)?(?: all)?(?: of)? my (?:jobs|reminders|scheduled jobs)|(?:my )?(?:jobs|reminders))$/i;

const changing =
  /^(cancel|delete|remove|stop|pause|resume)(?: the| my| job| reminder)? ?(first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|\d{1,2}|job_[\w-]{1,60}|it|that)?(?:st|nd|rd|th)?(?: (?:one|job|reminder))?$/i;

/** Words with which a schedule begins. */
const schedule =
  "every|each|daily|weekly|monthly|hourly|weekdays|weekends|on|in|at|tomorrow|today|next|this|the day after";
/** `every weekday at 9 to check the stock` */
const scheduleFirst = new RegExp(`^((?:${schedule})\\b.{0,150}?),? (?:to|that|about|of) (\\S.*)$`, "is");
const messageFirst = /^(?:to|that|about|of) (\S.*)$/is;
const scheduleWord = new RegExp(`\\b(?:${schedule})\\b`, "gi");

const numbers = [
  "first",
  "second",
  "third",
  "fourth",
  "fifth",
  "sixth",
  "seventh",
  "eighth",
  "ninth",
  "tenth",
];

const mostLooked = 1_000;

/** What stands behind the last but one, or the first word of a schedule that the rest can be. */
const parted = (text: string): { schedule: string; message: string } | undefined => {
  const first = scheduleFirst.exec(text);
  if (first?.[1] && first[2]) return { schedule: first[1], message: first[2] };
  const rest = messageFirst.exec(text)?.[1];
  if (rest === undefined) return undefined;
  const begins = [...rest.matchAll(scheduleWord)].map(({ index }) => index);
  const whole = begins.find((index) =>
    /^(?:every|each|tomorrow|next|in \d|in an?\b)/i.test(rest.slice(index)),
  );
  const at = whole ?? begins.at(-1);
  if (!at) return undefined;
  return { schedule: rest.slice(at), message: rest.slice(0, at).trim() };
};

const meant = (word: string): string => {
  const named = numbers.indexOf(word);
  if (named >= 0) return String(named + 1);
  return word === "it" || word === "that" || word === "" ? "" : word;
};

export const jobOrderIn = (message: string): JobOrder | undefined => {
  if (message.length > mostLooked) return undefined;
  const text = message
    .trim()
    .replace(politeness, "")
    .replace(/[.!?]$/, "")
    .trim();
  if (listing.test(text)) return { tool: "list_jobs" };
  const [, verb, which = ""] = changing.exec(text) ?? [];
  if (verb !== undefined) {
    const word = verb.toLowerCase();
    const action = word === "pause" || word === "resume" ? word : "delete";
    return { tool: "change_job", job: meant(which.toLowerCase()), action };
  }
  const begun = reminding.exec(text)?.[0];
  const read = begun === undefined ? undefined : parted(text.slice(begun.length));
  return read && { tool: "make_job", schedule: read.schedule, message: `Reminder: ${read.message}` };
};

/** Words of schedules and reminders, in the languages of most users. */
const ofJobs =
  /\b(?:remind|schedul|cron\b|jobs?\b|(?:every|each) (?:\d|other|minute|hour|day|week|month|year|morning|noon|afternoon|evening|night|mon|tue|wed|thu|fri|sat|sun)|daily\b|weekly\b|monthly\b|hourly\b|erinner|jede[nsmr]? |täglich|wöchentlich|rappel|chaque |tous les |toutes les |recuérda|recuerda|recordatorio|cada |todos los |lembr|todo dia|ricord|ogni |herinner|elke |påminn|varje |przypomn|codziennie|hatırlat|her gün)|напомн|кажд|提醒|每天|每周|毎日|毎週|リマインド|알려|매일|매주|ذكرني|كل يوم|याद दिला|हर दिन/iu;

/** Whether a message may be about jobs: only then are the tools for them offered. */
export const speaksOfJobs = (message: string): boolean => ofJobs.test(message.slice(0, mostLooked));
