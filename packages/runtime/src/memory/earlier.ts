/** Words by which somebody asks for what was before, by language. */
const words = [
  // English
  "before|previous(?:ly)?|earlier|former(?:ly)?|used to|once|still|any ?more|no longer|originally|in the past|back then|history|ago|old|until",
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
const unspaced = /以前|昔|かつて|前は|前の|之前|从前|過去|过去|曾经|原来|이전|예전|전에|아직/u;

/**
 * Whether a message may ask for what was before (docs/spec/formation-files.md "Recall"). Where it does not, a look at a
 * history was for nothing.
 */
export const asksForEarlier = (message: string): boolean => spaced.test(message) || unspaced.test(message);
