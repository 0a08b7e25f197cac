/** Complexity of a request of which nothing is known. */
const usualComplexity = 5;
const lowest = 1;
const highest = 10;
/** Of a question as short as this, in words, with a word that tells of work and without one. */
const shortQuestion = 20;
const questionOfWork = 3;
const plainQuestion = 2;
/** So many words without any that tells of work are a greeting or the like. */
const fewWords = 3;

/** Words that tell of much work, and the complexity that they make of a message. */
const wordsOfWork = new Map(
  (
    [
      [
        9,
        "comprehensive architecture migrate migration umfassend umfassende umfassenden architektur migrieren exhaustif exhaustive migrer arquitectura arquitetura migrar esaustivo architettura",
      ],
      [
        8,
        "analysis analyze analyse research report strategy integrate refactor analysiere analysieren recherchiere recherchieren recherche bericht strategie integriere integrieren analyser analysez recherchez stratégie intégrer analiza analizar investiga investigar informe estrategia integrar analisa analisar pesquisa pesquisar relatório estratégia analizza analizzare ricerca relazione rapporto strategia integrare",
      ],
      [
        7,
        "plan implement build design plane planen entwirf entwerfen implementiere baue planifier planifiez concevoir construire planifica planificar diseña diseñar construye construir implementar planeia planejar progettare pianifica pianificare costruire",
      ],
      [
        6,
        "create modify test deploy erstelle erstellen ändere ändern teste testen créer créez modifier modifiez tester crea crear modifica modificar cria criar prueba creare modificare",
      ],
    ] as const
  ).flatMap(([complexity, words]) => words.split(" ").map((word) => [word, complexity] as const)),
);

/** Words that put one thing behind another. */
const wordsOfOrder = new Set(
  "then afterwards finally next dann danach anschließend zuletzt ensuite puis enfin luego después finalmente depois então poi dopo infine".split(
    " ",
  ),
);

const questionWords = new Set(
  "what who when where why how which whose is are was were do does did has have wer was wann wo warum wie welche welcher welches wieso ist sind hat haben qui quand où pourquoi comment quel quelle est-ce que qué quién cuándo dónde cómo cuál o quem quando onde porquê chi dove perché come quale".split(
    " ",
  ),
);
/** Words with which requests begin that have the form of a question. */
const requestWords = new Set(
  "can could would will please kannst könntest würdest bitte peux peux-tu pouvez pourrais pourriez puedes podrías podría você pode poderia puoi potresti".split(
    " ",
  ),
);
/** Words with which somebody tells something; what they tell of asks for no work, unless it is wished for. */
const statementWords = new Set(
  "i i'm i've my we our the this that it there he she they ich mein meine wir unser unsere der die das dies es er sie je j'ai mon ma mes nous notre le la les ce c'est il elle yo mi mis nosotros nuestro el los las esto eso eu meu minha nós nosso o os isso io mio mia noi nostro lo gli questo quello".split(
    " ",
  ),
);
const wishWords = new Set(
  "need want would please must should brauche brauchen möchte möchten will wollen bitte soll sollte voudrais voudrions veux voulons besoin faut necesito necesitamos quiero queremos quisiera hay debe preciso precisamos quero queria voglio vogliamo vorrei serve devi".split(
    " ",
  ),
);
const questionMark = /[?？؟]\s*$/u;
const separators = /[\s.,;:!?()[\]{}"'’«»„“”¿¡]+/u;

/** Characters at either end of a message that are looked at: what is between them would cost more than it tells. */
const looked = 200;
const endsOf = (message: string): string =>
  message.length <= 2 * looked ? message : `${message.slice(0, looked)} ${message.slice(-looked)}`;

/**
 * How much work a message asks for, from 1 to 10, by its words alone (docs/spec/formation-files.md "Workflows"). It is
 * computed for every chat.
 */
export const complexityOf = (message: string): number => {
  const words = endsOf(message).toLowerCase().split(separators).filter(Boolean);
  const [first = ""] = words;
  const isTold = statementWords.has(first) && !words.some((word) => wishWords.has(word));
  const known = isTold ? 0 : words.reduce((most, word) => Math.max(most, wordsOfWork.get(word) ?? 0), 0);
  const isOrdered = words.some((word) => wordsOfOrder.has(word));
  const isQuestion =
    words.length <= shortQuestion &&
    !isOrdered &&
    !requestWords.has(first) &&
    (questionWords.has(first) || questionMark.test(message.slice(-looked)));
  if (isQuestion) return known > 0 ? questionOfWork : plainQuestion;
  if (known === 0 && words.length <= fewWords) return lowest;
  const ofLength = words.length > 20 ? 1 : words.length > 10 ? 0.5 : 0;
  return Math.min(highest, Math.max(usualComplexity, known) + ofLength + (isOrdered ? 1 : 0));
};
