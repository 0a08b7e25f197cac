/** Something that users tell of themselves, and that may change. `{v}` is its value, `{old}` the one before. */
export interface Topic {
  name: string;
  /** How a good extractor puts it. */
  memory: string;
  collection: string;
  values: readonly string[];
  told: readonly string[];
  /** Told again with another value. */
  changed: readonly string[];
  asked: readonly string[];
  /** `{month}` is a month with its year. */
  askedAt: readonly string[];
  askedBefore: readonly string[];
  /** What another person is said to have, and how that is put. */
  ofOthers: { told: string; memory: string };
  /** What the user only imagines. */
  imagined: string;
  /** An answer that claims it of the user. */
  claimed: string;
}

export const topics: readonly Topic[] = [
  {
    name: "home",
    memory: "The user lives in {v}",
    collection: "user_identity",
    values: [
      "Lisbon",
      "Porto",
      "Ghent",
      "Utrecht",
      "Bergen",
      "Aarhus",
      "Graz",
      "Lucca",
      "Tartu",
      "Cork",
      "Nantes",
      "Leipzig",
    ],
    told: [
      "The boxes are nearly all unpacked. Two weeks in {v} and I still get lost on the way to the baker.",
      "I should say that I live in {v}, so anything that needs a car is out on Sundays.",
      "It has rained for nine days here in {v}, where I have been living since the winter.",
    ],
    changed: [
      "Big news: we left {old} on Saturday. The new flat in {v} has no curtains yet, but it has a balcony.",
      "I don't live in {old} any more, by the way. It is {v} now, near the old gasworks.",
      "The move is done! Goodbye {old}, hello {v}. My back hurts.",
    ],
    asked: [
      "Which town do I live in?",
      "Where am I living at the moment?",
      "What is the name of the place where I live now?",
    ],
    askedAt: ["Where did I live in {month}?", "Which town was I living in back in {month}?"],
    askedBefore: ["Where did I live before {v}?", "In which town was I living previously?"],
    ofOthers: {
      told: "My cousin has moved to {v} and sends pictures of the harbour every single day.",
      memory: "The user's cousin lives in {v}",
    },
    imagined: "Sometimes I dream of living in {v}, but that will never happen with my mother here.",
    claimed: "Since you live in {v}, the night train would be the easiest way to get there.",
  },
  {
    name: "work",
    memory: "The user works at {v}",
    collection: "user_identity",
    values: [
      "Harrow Mills",
      "Bluefin Labs",
      "Castell Brothers",
      "Orrery Press",
      "Tidewater Bank",
      "Novak Logistics",
      "Pinecrest School",
      "Sable Optics",
      "Wren Bakery",
      "Quill Insurance",
      "Marlow Ferries",
      "Juniper Clinic",
    ],
    told: [
      "Long day at {v}. I started in the accounts there last autumn and the invoices still frighten me.",
      "I work at {v}, and we have a customer who only ever writes in capital letters.",
      "At {v}, where I am employed, everybody gets a plant on their first day. Mine has died.",
    ],
    changed: [
      "I handed in my notice at {old} and started at {v} on Monday. They have proper chairs!",
      "My new employer is {v}. {old} did not want to pay for the training, so that was that.",
      "First week at {v} is over. I do miss the canteen of {old} a bit.",
    ],
    asked: [
      "Which company do I work at?",
      "What is the name of the place I work at now?",
      "Who is my employer at present, where do I work?",
    ],
    askedAt: ["Which company did I work at in {month}?", "Where was I working in {month}?"],
    askedBefore: ["Which company did I work at before?", "Where was I working previously?"],
    ofOthers: {
      told: "My neighbour works at {v} and comes home smelling of varnish.",
      memory: "The user's neighbour works at {v}",
    },
    imagined: "If they ever asked me, I would go and work at {v} tomorrow, but they do not know I exist.",
    claimed: "As you work at {v}, you could ask your human resources department about it.",
  },
  {
    name: "instrument",
    memory: "The user plays the {v}",
    collection: "activities",
    values: [
      "cello",
      "oboe",
      "banjo",
      "accordion",
      "clarinet",
      "ukulele",
      "trombone",
      "harp",
      "viola",
      "mandolin",
      "bassoon",
      "zither",
    ],
    told: [
      "Practised the {v} for an hour before breakfast. The dog left the room after ten minutes.",
      "I play the {v}, badly, in an orchestra of people who play badly.",
      "The {v} that I have been playing since school needs a repair again.",
    ],
    changed: [
      "I have given the {old} to my niece and play the {v} now. It is kinder to my shoulder.",
      "No more {old} for me: since last week I play the {v}, and my teacher is very strict.",
      "Sold the {old}, bought a {v}. I play that instead now, if you can call it playing.",
    ],
    asked: [
      "Which instrument do I play?",
      "What do I play in the orchestra these days?",
      "What instrument is it that I play now?",
    ],
    askedAt: ["Which instrument did I play in {month}?", "What was I playing in {month}?"],
    askedBefore: ["Which instrument did I play before?", "What did I use to play?"],
    ofOthers: {
      told: "My colleague plays the {v} at weddings, always the same three songs.",
      memory: "The user's colleague plays the {v}",
    },
    imagined: "If I had the money and the patience, I might play the {v} one day.",
    claimed: "Because you play the {v}, you will have strong fingers already.",
  },
  {
    name: "car",
    memory: "The user drives a {v}",
    collection: "context",
    values: [
      "Skoda",
      "Saab",
      "Volvo",
      "Mazda",
      "Peugeot",
      "Toyota",
      "Dacia",
      "Honda",
      "Renault",
      "Subaru",
      "Citroen",
      "Lancia",
    ],
    told: [
      "The {v} that I drive did not start again this morning. I talk to it nicely, but it does not help.",
      "I drive a {v}, bought from a priest, and it still smells of incense.",
      "Drove the {v} through the car wash with the window open. It is my only car, and it is wet.",
    ],
    changed: [
      "The {old} failed its inspection, so I drive a {v} now. Second hand, but it has a radio.",
      "Traded the {old} in for a {v} yesterday. I drive it like a raw egg.",
      "I drive a {v} these days. The {old} went to my brother, who crashed it within the week.",
    ],
    asked: ["Which car do I drive?", "What make of car am I driving now?", "What do I drive at present?"],
    askedAt: ["Which car did I drive in {month}?", "What was I driving in {month}?"],
    askedBefore: ["Which car did I drive before?", "What was I driving previously?"],
    ofOthers: {
      told: "My neighbour drives a {v} and polishes it every Sunday, even in the snow.",
      memory: "The user's neighbour drives a {v}",
    },
    imagined: "Suppose I drove a {v}: would the insurance be cheaper? Only wondering, I am not buying one.",
    claimed: "Since you drive a {v}, look for the filter behind the left headlight.",
  },
  {
    name: "language",
    memory: "The user is learning {v}",
    collection: "goals",
    values: [
      "Finnish",
      "Basque",
      "Welsh",
      "Catalan",
      "Swahili",
      "Hungarian",
      "Korean",
      "Estonian",
      "Turkish",
      "Irish",
      "Icelandic",
      "Maltese",
    ],
    told: [
      "I am learning {v} with a book from 1962. It teaches me how to order coal.",
      "Twenty words of {v} a day, that is the plan. I have been learning it since New Year.",
      "My evening class is {v} this term; I am learning it because of a song.",
    ],
    changed: [
      "I have dropped {old}. The grammar won. I am learning {v} instead now.",
      "From {old} to {v}: a new class, and I am learning it with a proper teacher this time.",
      "I am learning {v} now, and hardly think of {old} any longer.",
    ],
    asked: [
      "Which language am I learning?",
      "What am I learning in the evening class now?",
      "What language do I learn at the moment?",
    ],
    askedAt: ["Which language was I learning in {month}?", "What was I learning in {month}?"],
    askedBefore: [
      "Which language was I learning before?",
      "What did I learn previously in the evening class?",
    ],
    ofOthers: {
      told: "My colleague is learning {v} and answers every call with a proverb.",
      memory: "The user's colleague is learning {v}",
    },
    imagined: "I would love to learn {v} in another life, when there is more time.",
    claimed: "You are learning {v}, so this spelling will look familiar to you.",
  },
  {
    name: "manager",
    memory: "The user's manager is {v}",
    collection: "relationships",
    values: [
      "Ottilie",
      "Desmond",
      "Priyanka",
      "Casimir",
      "Ingeborg",
      "Thaddeus",
      "Marisol",
      "Fergus",
      "Anneke",
      "Ludovic",
      "Bronwen",
      "Isidore",
    ],
    told: [
      "{v}, who is my manager, has put a bell on her desk. We are to ring it when we sell something.",
      "My manager {v} wants the figures by noon, as always on the day before the holidays.",
      "I have to tell my manager {v} that the printer is on fire again. How do I put it kindly?",
    ],
    changed: [
      "{old} has retired and {v} is my manager now. Everybody had cake.",
      "We were moved to another team, so my manager is {v} instead of {old}.",
      "New broom: {v} is my manager since Monday. {old} left without a word.",
    ],
    asked: [
      "Who is my manager?",
      "What is my manager called now?",
      "What is the name of my manager at present?",
    ],
    askedAt: ["Who was my manager in {month}?", "What was my manager called in {month}?"],
    askedBefore: ["Who was my manager before?", "What was my previous manager called?"],
    ofOthers: {
      told: "My cousin's manager {v} plays loud opera in the warehouse.",
      memory: "The manager of the user's cousin is {v}",
    },
    imagined: "Imagine {v} as my manager, what a nightmare that would be.",
    claimed: "Your manager {v} would surely understand that.",
  },
  {
    name: "coffee",
    memory: "The user orders a {v} at the café",
    collection: "preferences",
    values: [
      "flat white",
      "cortado",
      "ristretto",
      "americano",
      "mocha",
      "macchiato",
      "cappuccino",
      "chai latte",
      "cold brew",
      "babyccino",
      "lungo",
      "affogato",
    ],
    told: [
      "The café round the corner knows me by now: a {v} and no questions.",
      "I always order a {v} at the café, and I always burn my tongue.",
      "Same as ever at the café: one {v} for me, one biscuit for the dog.",
    ],
    changed: [
      "My doctor has opinions, so at the café I order a {v} instead of a {old} now.",
      "I have changed sides. No {old} any more, at the café I order a {v}.",
      "The café has new beans and the {old} tastes of tyres, so I order a {v} these days.",
    ],
    asked: [
      "What do I order at the café?",
      "Which drink should they make me at the café now?",
      "What is my usual order at the café?",
    ],
    askedAt: ["What did I order at the café in {month}?", "Which drink did I order at the café in {month}?"],
    askedBefore: ["What did I order at the café before?", "Which drink did I use to order at the café?"],
    ofOthers: {
      told: "My neighbour takes an hour at the café over one {v}. One!",
      memory: "The user's neighbour orders a {v} at the café",
    },
    imagined: "One day I may be brave enough to order a {v} at the café, but not this year.",
    claimed: "You order a {v} at the café anyway, so the milk makes little difference.",
  },
  {
    name: "sport",
    memory: "The user goes {v} every week",
    collection: "activities",
    values: [
      "bouldering",
      "fencing",
      "rowing",
      "skating",
      "kayaking",
      "curling",
      "sailing",
      "riding",
      "bowling",
      "orienteering",
      "trampolining",
      "snorkelling",
    ],
    told: [
      "Tuesday is for {v}, every week, whatever the weather and whoever has a birthday.",
      "I go {v} every week and can hardly hold a pen on the day after.",
      "Since the spring I go {v} each week with two friends from school. We are the oldest there.",
    ],
    changed: [
      "My knee has had enough of {old}. I go {v} every week now, which is gentler.",
      "The club for {old} has closed, so I go {v} every week, with the same people.",
      "{old} was fun, but it is over: I go {v} every week now.",
    ],
    asked: [
      "Which sport do I go to every week?",
      "What do I go to each week to keep fit?",
      "What sport is it that I do every week now?",
    ],
    askedAt: ["Which sport did I do every week in {month}?", "What did I go to every week in {month}?"],
    askedBefore: ["Which sport did I do every week before?", "What did I go to every week previously?"],
    ofOthers: {
      told: "My cousin goes {v} every week and has bruises in all colours.",
      memory: "The user's cousin goes {v} every week",
    },
    imagined: "I could go {v} every week, in theory. In practice there is the sofa.",
    claimed: "Now that you go {v} every week, you should sleep better.",
  },
];

/** What users like, told once. */
export interface Liking {
  name: string;
  memory: string;
  values: readonly string[];
  told: readonly string[];
  asked: readonly string[];
}

export const likings: readonly Liking[] = [
  {
    name: "music",
    memory: "The user likes to listen to {v}",
    values: [
      "fado",
      "bebop",
      "bluegrass",
      "klezmer",
      "flamenco",
      "ska",
      "techno",
      "madrigals",
      "reggae",
      "gamelan",
    ],
    told: [
      "Put some {v} on and I am happy; I could listen to it all evening.",
      "I like to listen to {v} when I cook, which is why everything takes so long.",
    ],
    asked: ["What do I like to listen to?", "Which music should you put on for me to listen to?"],
  },
  {
    name: "food",
    memory: "The user's favourite food is {v}",
    values: [
      "khachapuri",
      "injera",
      "ceviche",
      "tabbouleh",
      "pho",
      "mapo tofu",
      "mole",
      "vindaloo",
      "pierogi",
      "gumbo",
    ],
    told: [
      "If it were my last day I would have {v}, my favourite food, twice.",
      "My favourite food is {v}, the way they make it at the station.",
    ],
    asked: ["What is my favourite food?", "Which food should you suggest as my favourite?"],
  },
  {
    name: "books",
    memory: "The user likes to read {v}",
    values: [
      "westerns",
      "biographies",
      "ghost stories",
      "sagas",
      "travelogues",
      "whodunnits",
      "haiku",
      "space operas",
      "diaries",
      "fables",
    ],
    told: [
      "I read {v} until two in the morning again. I like them too much.",
      "What I like to read is {v}, and I am not ashamed of it.",
    ],
    asked: ["What do I like to read?", "Which kind of books should I read, going by what I like?"],
  },
  {
    name: "seat",
    memory: "The user prefers to sit {v} on trains",
    values: [
      "by the window",
      "on the aisle",
      "in the quiet coach",
      "near the doors",
      "in the dining car",
      "facing backwards",
      "at a table",
      "on the upper deck",
    ],
    told: [
      "On trains I prefer to sit {v}, everything else makes me queasy.",
      "Just so that you know when we book: I prefer to sit {v} on trains.",
    ],
    asked: ["Where do I prefer to sit on trains?", "Which seat do I prefer on trains?"],
  },
];

/** What a user has several of, told in different sessions. */
export interface Group {
  name: string;
  memory: string;
  values: readonly string[];
  told: readonly string[];
  asked: readonly string[];
}

export const groups: readonly Group[] = [
  {
    name: "pets",
    memory: "The user has a pet called {v}",
    values: [
      "Biscuit",
      "Pepper",
      "Mochi",
      "Juno",
      "Waffles",
      "Sprocket",
      "Nimbus",
      "Dumpling",
      "Pickle",
      "Truffle",
      "Gizmo",
      "Marmalade",
    ],
    told: [
      "{v} has eaten half a candle. That pet of mine will be the end of me.",
      "I was woken by my pet {v} at five, who had found the piano.",
      "We have a pet called {v} since this week, and no carpets any more.",
    ],
    asked: ["What are all my pets called?", "What are the names of my pets?"],
  },
  {
    name: "siblings",
    memory: "The user has a sibling named {v}",
    values: [
      "Rosalind",
      "Emeric",
      "Tamsin",
      "Bartholomew",
      "Leocadia",
      "Ambrose",
      "Seraphina",
      "Crispin",
      "Philippa",
      "Gideon",
      "Henrietta",
      "Lazarus",
    ],
    told: [
      "My sibling {v} has written a play about our parents. They have not read it yet.",
      "{v}, my dear sibling, borrowed the tent in 2019 and claims to have returned it.",
      "Do you have ideas for a present for {v}? We are siblings, and all that I know is that socks are out.",
    ],
    asked: ["What are all my siblings called?", "What are the names of my siblings?"],
  },
];

/** What happens on a day that is told in words. */
export interface Event {
  name: string;
  memory: string;
  told: readonly string[];
  asked: readonly string[];
}

/** `{day}` is how the day is told, and in the memory its date. */
export const appointments: readonly Event[] = [
  {
    name: "dentist",
    memory: "The user has an appointment at the dentist on {day}",
    told: [
      "The dentist can see me {day}, and I am already nervous.",
      "My appointment at the dentist is {day}.",
    ],
    asked: ["When is my appointment at the dentist?", "On which date do I go to the dentist?"],
  },
  {
    name: "driving test",
    memory: "The user has a driving test on {day}",
    told: [
      "My driving test is {day}. Third time lucky?",
      "They have given me a date for the driving test, it is {day}.",
    ],
    asked: ["When is my driving test?", "On which date is the driving test?"],
  },
  {
    name: "choir",
    memory: "The user sings in a choir concert on {day}",
    told: [
      "Our choir has its concert {day} and the tenors are all ill.",
      "The choir concert that I sing in is {day}.",
    ],
    asked: ["When is the concert of my choir?", "On which date do I sing with the choir?"],
  },
  {
    name: "notary",
    memory: "The user signs the contract at the notary on {day}",
    told: [
      "We are to sign the contract at the notary {day}, in ink.",
      "The notary has time {day}, so that is when we sign.",
    ],
    asked: ["When do I sign at the notary?", "On which date is the notary?"],
  },
  {
    name: "interview",
    memory: "The user has a job interview on {day}",
    told: [
      "I have a job interview {day} and nothing to wear.",
      "They want me to come to a job interview {day}.",
    ],
    asked: ["When is my job interview?", "On which date do I have the interview?"],
  },
];

export const happenings: readonly Event[] = [
  {
    name: "apple tree",
    memory: "The user planted an apple tree on {day}",
    told: [
      "We planted an apple tree {day}, in the rain, with ceremony.",
      "Did I tell you that I planted an apple tree {day}?",
    ],
    asked: ["When did I plant the apple tree?", "On which date did I plant the tree?"],
  },
  {
    name: "caravan",
    memory: "The user sold the caravan on {day}",
    told: [
      "We sold the caravan {day}, and I cried a little.",
      "The caravan is gone, I sold it {day} to a clown. A real one.",
    ],
    asked: ["When did I sell the caravan?", "On which date was the caravan sold?"],
  },
  {
    name: "engagement",
    memory: "The user got engaged on {day}",
    told: [
      "We got engaged {day}! On a ferry, of all places.",
      "I got engaged {day} and have told nobody but you.",
    ],
    asked: ["When did I get engaged?", "On which date did I get engaged?"],
  },
  {
    name: "bicycle",
    memory: "The user's bicycle was stolen on {day}",
    told: [
      "My bicycle was stolen {day}, with the basket and the bread in it.",
      "Somebody stole my bicycle {day} in front of the police station.",
    ],
    asked: ["When was my bicycle stolen?", "On which date did I lose my bicycle to a thief?"],
  },
];

/** How days are told, and how many days they are from the day on which it is said. */
export const daysAhead = [
  { told: "tomorrow", days: 1 },
  { told: "the day after tomorrow", days: 2 },
  { told: "in three days", days: 3 },
  { told: "a week from today", days: 7 },
  { told: "in a fortnight", days: 14 },
] as const;

export const daysAgo = [
  { told: "yesterday", days: -1 },
  { told: "the day before yesterday", days: -2 },
  { told: "three days ago", days: -3 },
  { told: "a week ago today", days: -7 },
] as const;
