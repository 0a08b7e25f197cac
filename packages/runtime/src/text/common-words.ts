import { wordsOf } from "./words.ts";

/**
 * Words of questions about anything, in the languages that are written most: what is left of a message says what it is
 * about. A word of one language that means something in another is left out.
 */
const frequent = `
  about afterwards again all already also alright am another anyway back been before after being best better bring can't cannot
  come could couldn't day days did didn't does doesn't doing don't done each else enough even ever every few fine
  first find free get gets getting give go goes going gone good got great had has hasn't haven't hello help here hers
  hey hi him his hour hours instead isn't it's its i'd i'll i'm i've just keep kind know last later least less let
  like little long look lot lots made make makes many may maybe mean might mine minute minutes month months more most
  much must name need needs never new next nice no not nothing now ok okay old once one ones only other others our ours
  out over own people per perfect person please put question quick quickly really right said same say says see shall
  show stay since so some somebody someone something soon still such suggest sure take takes tell than thank thanks that's
  thing things think those though three through time times today together told tomorrow too took tried try trying two
  until up us use used using very want wanted wants was wasn't way week weeks well went were weren't what's whether
  while wish without won't work worked works wouldn't year years yes yesterday yet you'd you'll you're yours

  aber alle alles also am an auch auf aus bei beim bekomme bekommen bin bis bitte brauche brauchen da dann das dass
  davon dazu dein deine dem den der des dich dir doch dort du durch ein eine einem einen einer eines er es etwas euch
  euer eure für geht genau gerade gibt gut habe haben habt hat hätte hier ich ihm ihn ihnen ihr ihre ihren im immer ist
  ja jede jeden jetzt kann kannst kein keine keinen klar komme kommt können könnt könnte lange mache machen macht man
  mehr mein meine meinem meinen meiner mich mir mit möchte möglich müssen muss nach nehme nicht nichts noch nur oder
  ohne schon sehr sein seine sich sie sind so soll sollte suche tun über um und uns unser vom von vor wann war warum
  was weil welche welchem welchen welcher welches wenig weniger wenn wer werden wie wieder wieviel will wir wird wo
  woher womit wollen zu zum zur zwei danke hallo wieviele viel viele dank

  ai alors au aussi autre aux avec avez avoir beaucoup bien bonjour ça ce ceci cela ces cet cette chez chose combien
  comme comment dans de déjà des deux dois donc du elle elles en encore est et être eux fait faire faut il ils jai je
  jusqu la le les leur lui ma mais me merci mes moi mon ne non nos notre nous on ou où oui pas peu peut peux plaît plus
  possible pour pourquoi puis quand que quel quelle quelles quels qui sa sans se serai ses si sont sur ta te temps tes
  toi ton tous tout toute très trouver tu un une veux voici voilà vos votre voulez vous voudrais y

  al algo aquí así bien cada como cómo con cosa cuál cuales cuándo cuando cuánta cuántas cuánto cuántos dar de debo del
  desde donde dónde dos el ella ellos en entonces era eres es esa ese eso esta está están este esto estoy favor fue
  gracias ha hace hacer haga hago han hasta hay hola la las le les lo los más me mi mis muy mucho necesito no nos
  nosotros nuestra nuestro o otra otro para pero por porque pregunta puede puedo pueden qué que quién quiero se sea ser
  si sí sin sobre solo son soy su sus también tan te tengo tiempo tiene tienen todo todos tu un una uno usted y ya yo

  abbiamo alla alle anche ancora avete che chi ci cosa così da dal dalla dei del della delle di dopo dove due è fa
  fare fino già gli grazie ha hai hanno ho il io lei loro lui ma mia mie miei mio molto nel nella noi non nostra
  nostro ogni ora per perché più poco posso può puoi quale quali quando quanta quante quanti quanto quella quelli
  questo questa qui se sei senza siamo sono sta sua suo sul tanto tempo ti tra troppo tua tuo tutti tutto un una uno
  voglio voi vorrei

  ao aos às até bem boa bom com como da das de dele dela depois do dos duas e ela ele em então era essa esse está
  estou eu fazer fica foi há isso isto já lhe mais mas me meu meus minha minhas muito na não nas no nos nossa nosso
  num numa o obrigado obrigada onde os ou outra outro para pela pelo pode posso por porque qual quando quanta quanto
  quantos que quem quero se sem ser seu sua são só sim também tem tempo tenho ter tudo um uma vai você vocês

  aan alle alleen als altijd bedankt ben bij dan dank dat de deze die dit doen door dus een en er geen graag goed haar
  had heb hebben heeft hem het hier hij hoe hoeveel hun ik in is ja jaar jij je jullie kan kunnen lang maar meer met
  mij mijn moet mogelijk naar nee niet niets nog nu of om onder ons onze ook op over personen te toch toen twee uit
  van veel voor waar waarom wanneer want was wat we weer welk welke werd wie wij wil willen wordt zal ze zich zij zijn
  zonder zou

  aby ale albo ani bardzo będzie bez był była było być co coś czy dla długo do dobrze dwie dziękuję gdy gdzie go ich
  ile jak jaka jaki jakie jego jej jest jestem jeszcze już kiedy kto która które który lub ma macie mam mi mnie mogę
  moja moje mój na nad nas nie nic nim od on ona oni po pod proszę przed przez przy są się ta tak także tam te tego
  też to tu tutaj twoja tylko tym w więc wszystko z za że

  även alla att av bara bra de den det dig din du då där eller en er ett för från får gör ha han har hej hon hur här
  i inte ja jag kan kunna man med men mer mig min mina mitt mycket måste nej ni nu när någon något och också om på
  sedan ska skulle så tack till två under upp ut utan vad var varför vara vem vi vid vill vilken vilka än är

  что как это где когда почему сколько какой какая какие мне меня мой моя мои нам нас наш вам вас ваш есть нет для или
  если тоже ещё уже можно нужно надо хочу спасибо пожалуйста здравствуйте привет очень только чтобы который после без
  а бы в во вы до же за и из к ко ли мы на не ни но о об он она они от по при с со та те то тот ты у я

  什么 怎么 么办 怎样 多少 多久 可以 以吗 请问 谢谢 好的 我的 我想 我只 你们 们有 没有 一个 这个 那个 哪个 为什 什么 时候 候可 的呢 人的 两个 个人 需要 想要 是什 不是
  です ます ますか ません でき できますか ですか ありますか どの どのくらい くらい いつ いつで 分で 何分 ありがとう ください
  있나 나요 이에 에요 어떻 떻게 얼마 언제 무엇 뭐예 예요 해요 하나 주세 세요 되나 고마 마워 워요 제가 저는 나는 그리 리고
`;

/** Stems of verbs keep or lose an e at their end: "bake" and "baking" are one word. */
const withoutEnd = (word: string): string =>
  word.length > 3 && word.endsWith("e") ? word.slice(0, -1) : word;

let common: ReadonlySet<string> | undefined;

/** Made when it is first asked for: the patterns of all its scripts take longer to compile than much of the start. */
const commonWords = (): ReadonlySet<string> => {
  common ??= new Set(frequent.split(/\s+/).flatMap(wordsOf).map(withoutEnd));
  return common;
};

/** Whether a word of `wordsOf` is in most texts of its language, whatever they are about. */
export const isCommonWord = (word: string): boolean => commonWords().has(withoutEnd(word));

const number = /^\p{N}+$/u;
/** Of one or two letters of an alphabet; elsewhere they are a word. */
const tooShort = /^[a-z\p{Script=Cyrillic}\p{Script=Greek}]{1,2}$/u;

/** The words of a text that say what it is about, each once: no greetings, question words, numbers and the like. */
export const topicWordsOf = (text: string): Set<string> => {
  return new Set(
    wordsOf(text)
      .map(withoutEnd)
      .filter((word) => !isCommonWord(word) && !tooShort.test(word) && !number.test(word)),
  );
};
