/** Words by which somebody asks for what was before, by language. */
const words = [
  // English
  "before|previous(?:ly)?|earlier|former(?:ly)?|used? to|once|still|any ?more|no longer|originally|in the past|back then|history|ago|old|until",
  // German
  "vorher(?:ige[nrs]?)?|früher(?:e[nrs]?)?|zuvor|damals|ehemals|ehemalige[nrs]?|einst|ursprünglich|bisher(?:ige[nrs]?)?|noch|nicht mehr|bis wann|alte[nrs]?",
  // French
  "avant|auparavant|autrefois|jadis|anciens?|anciennes?|précédents?|précédentes?|précédemment|encore|jusqu['’]à",
  // Spanish
  "antes|anterior(?:es|mente)?|antiguo|antigua|solía|todavía|hasta cuándo",
  // Italian
  "prima|precedente(?:mente)?|una volta|vecchi[ao]|ancora|in passato",
  // Portuguese
  "anteriormente|antigamente|antig[ao]|costumava|ainda",
  // Dutch
  "vroeger|eerder|voorheen|vorige|vroegere|oude|nog steeds",
  // Polish
  "wcześniej|przedtem|dawniej|kiedyś|poprzedni[oa]?|nadal",
  // Swedish
  "förut|tidigare|förr|gamla|fortfarande",
  // Russian
  "раньше|прежде|прежний|прежняя|когда-то|до этого|до сих пор|ещё",
];
const spaced = new RegExp(`(?<!\\p{L})(?:${words.join("|")})(?!\\p{L})`, "iu");
/** Languages without spaces, or with endings. */
const unspaced =
  /以前|昔|かつて|前は|前の|之前|从前|過去|过去|曾经|原来|이전|예전|전에|아직|\d月|去年|昨年|先月|先週|上个?月|上周|\d월|작년|지난/u;

/** Words by which somebody names a time that has passed, by language. */
const times = [
  "(?:19|20)\\d\\d",
  // English
  "january|february|april|june|july|august|september|october|november|december|" +
    "(?:in|last|since|during|early|late|mid|of) (?:march|may)|(?:march|may) (?:of )?(?:19|20)\\d\\d|" +
    "last (?:year|month|week|spring|summer|autumn|fall|winter|christmas|easter)|yesterday",
  // German
  "januar|jänner|februar|märz|mai|juni|juli|oktober|dezember|" +
    "(?:letzte[nrs]?|vorige[nrs]?) (?:jahre?|monat|woche|frühjahr|sommer|herbst|winter)|gestern",
  // French
  "janvier|février|en mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre|" +
    "(?:an|année|mois|semaine|été|hiver|automne|printemps) (?:derni(?:er|ère)|passée?)|hier",
  // Spanish
  "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|" +
    "(?:año|mes|semana|verano|invierno|otoño) pasad[oa]|ayer",
  // Italian
  "gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre|" +
    "(?:anno|mese|settimana|estate|inverno|autunno) scors[oa]|ieri",
  // Portuguese
  "janeiro|fevereiro|março|maio|junho|julho|setembro|outubro|novembro|dezembro|" +
    "(?:ano|mês|semana|verão|inverno|outono) passad[oa]|ontem",
  // Russian
  "(?:январ|феврал|апрел|июн|июл|сентябр|октябр|ноябр|декабр)[еья]|март[ае]|мае|август[ае]|прошл\\p{L}{1,4} (?:год|месяц|недел)\\p{L}{0,2}|вчера",
];
const timed = new RegExp(`(?<![\\p{L}\\d])(?:${times.join("|")})(?![\\p{L}\\d])`, "iu");

/**
 * Whether a message may ask for what was before, or at a time (docs/spec/formation-files.md "Recall"). Where it does not, a look at a
 * history was for nothing.
 */
export const asksForEarlier = (message: string): boolean =>
  spaced.test(message) || timed.test(message) || unspaced.test(message);
