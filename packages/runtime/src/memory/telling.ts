/** What somebody says of themselves and rarely of anything else, by language. */
const statements = [
  // English
  "my (?:(?:first|last|full) )?name(?: is|'s)|call me|i(?:'m| am) (?:allergic|vegetarian|vegan|diabetic|called|\\d+ years)|" +
    "i live (?:in|at|near)|i work (?:as|at|for|in)|i was born|" +
    "my (?:birthday|address|job|wife|husband|partner|son|daughter|favou?rite \\w+)(?: is|'s| are| was)",
  // German
  "ich hei(?:ß|ss)e|mein name ist|ich (?:wohne|lebe) (?:in|bei)|ich arbeite (?:als|bei|in)|" +
    "ich bin (?:allergisch|vegetarier|veganer|diabetiker|\\d+ jahre)|ich vertrage kein|" +
    "meine? (?:geburtstag|adresse|beruf|frau|mann|sohn|tochter|lieblings\\w+) (?:ist|hei(?:ß|ss)t)",
  // French
  "je m['’]appelle|mon nom est|j['’]habite|je vis (?:à|en)|je travaille (?:comme|chez|à)|" +
    "je suis (?:allergique|végétarien|végane|diabétique|née? )|m(?:on|a) (?:anniversaire|adresse|mari|femme|fils|fille) (?:est|s['’]appelle)",
  // Spanish
  "me llamo|mi nombre es|vivo en|trabajo (?:como|en)|soy (?:alérgic|vegetarian|vegan|diabétic)|tengo \\d+ años|" +
    "mi (?:cumpleaños|dirección|marido|mujer|hijo|hija) (?:es|se llama)",
  // Italian
  "mi chiamo|il mio nome è|(?:abito|vivo) a |lavoro (?:come|a |in)|sono (?:allergic|vegetarian|vegan|diabetic)",
  // Portuguese
  "me chamo|chamo-me|meu nome é|moro em|trabalho (?:como|em)|sou (?:alérgic|vegetarian|vegan|diabétic)",
  // Dutch
  "ik heet|mijn naam is|ik woon in|ik werk (?:als|bij)|ik ben (?:allergisch|vegetariër|veganist)",
  // Polish
  "nazywam się|mam na imię|mieszkam w|pracuję (?:jako|w)|jestem (?:uczulon|wegetarian)|mam alergię",
  // Swedish
  "jag heter|mitt namn är|jag bor i|jag är (?:allergisk|vegetarian|vegan)",
  // Russian
  "меня зовут|я живу в|я работаю|у меня аллергия",
];
const spaced = new RegExp(`(?<!\\p{L})(?:${statements.join("|")})`, "iu");
/** Languages without spaces, or with endings in their place. */
const unspaced =
  /私の名前は|と申します|に住んでいます|アレルギーが|アレルギーです|我叫|我的名字是|我住在|过敏|過敏|제 이름은|에 살아요|에 살고|에 삽니다|알레르기가/u;

/** A longer message is a text that somebody sends, not what they say. */
const longest = 1_000;

/**
 * Whether a message states something of its user for certain, by rules that miss much (docs/spec/formation-files.md
 * "Learning").
 */
export const tellsOfUser = (message: string): boolean =>
  message.length <= longest && (spaced.test(message) || unspaced.test(message));
