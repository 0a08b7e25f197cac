import { expect, test } from "vitest";
import { indexWordsOf, wordsOf } from "./index.ts";

const shared = (question: string, text: string): string[] => {
  const words = new Set(wordsOf(text));
  return wordsOf(question).filter((word) => words.has(word));
};

/** A question, the text that answers it, and one that does not. */
test.each([
  ["English", "When are plums planted?", "Plant a plum in autumn.", "Apples are picked late."],
  ["German", "Welche Frist gilt für Äpfel?", "Für Apfel gilt die Frist.", "Birnen reifen spät."],
  ["French", "Où est la forêt enchantée ?", "La foret enchantee est au nord.", "Le verger dort."],
  ["Spanish", "¿Cuándo florece el almendro?", "El almendro florece en febrero.", "La pera madura."],
  ["Portuguese", "Qual é a devolução?", "A devolucao demora.", "Uma maçã cai."],
  ["Italian", "Quando matura il caffè?", "Il caffe matura tardi.", "Una pera cade."],
  ["Polish", "Kiedy dojrzewają śliwki?", "Śliwki dojrzewają latem.", "Jabłka zimą."],
  ["Czech", "Kdy zraje třešeň?", "Třešeň zraje v červnu.", "Hrušky později."],
  ["Turkish", "Kiraz ne zaman olgunlaşır?", "Kiraz haziranda olgunlaşır.", "Elma sonra gelir."],
  ["Vietnamese", "Chính sách đổi trả là gì?", "Chính sách đổi trả: 7 ngày.", "Quả táo đỏ."],
  ["Russian", "Когда созревает слива?", "Слива созревает летом.", "Груша падает."],
  ["Greek", "Πότε ωριμάζει το μήλο;", "Το μηλο ωριμάζει νωρίς.", "Αχλάδι πέφτει."],
  ["Hebrew", "מתי מבשיל התפוח?", "התפוח מבשיל בסתיו.", "אגס נופל."],
  ["Arabic", "متى ينضج التفاح؟", "التُّفَّاحُ ينضج مبكرا.", "سقطت كمثرى."],
  ["Hindi", "सेब कब पकता है?", "सेब शरद में पकता है।", "नाशपाती गिरी।"],
  ["Chinese", "退货政策是什么？", "商品签收后七天内可以无理由退货。", "苹果很红。"],
  ["Japanese", "返品は何日以内ですか？", "商品到着後14日以内であれば返品を受け付けます。", "りんごは赤い。"],
  ["Korean", "반품 기간은 며칠인가요?", "상품을 받은 후 10일 이내에 반품할 수 있습니다.", "사과가 빨갛다."],
  ["Thai", "คืนสินค้าได้ภายในกี่วัน", "ลูกค้าสามารถคืนสินค้าได้ภายใน 21 วัน", "แอปเปิลสีแดง"],
  ["Khmer", "តើអាចប្រគល់ទំនិញវិញបានទេ", "អតិថិជនអាចប្រគល់ទំនិញវិញ", "ផ្លែប៉ោមក្រហម"],
  ["Lao", "ນໍ້າດື່ມລາຄາເທົ່າໃດ", "ລາຄານ້ຳດື່ມ 5000 ກີບ", "ເປີດເວລາເກົ້າໂມງ"],
  ["Japanese in kana", "りんごはいつとれますか", "りんごはあきにとれます。", "みかんはふゆにたべます。"],
  ["Burmese", "ပစ္စည်းပြန်ပေးနိုင်သလား", "ပစ္စည်းပြန်ပေးနိုင်သည်", "ပန်းသီး"],
])("%s is found by its words", (_, question, answer, other) => {
  expect(shared(question, answer).length).toBeGreaterThan(shared(question, other).length);
});

test("composed, decomposed and full-width forms are the same word", () => {
  expect(wordsOf("Café")).toEqual(wordsOf("Cafe\u0301"));
  expect(wordsOf("ＡＢＣ１２３")).toEqual(wordsOf("abc123"));
  expect(wordsOf("ﾃｽﾄ")).toEqual(wordsOf("テスト"));
  expect(wordsOf("한국어")).toEqual(wordsOf("한국어".normalize("NFD")));
});

test.each([
  ["the German sharp s", "STRASSE", "Straße"],
  ["Turkish without its own letters", "isik kapali", "ışık kapalı"],
  ["Turkish capitals", "IŞIK İZMİR", "ışık izmir"],
  ["Vietnamese without marks", "doi tra", "đổi trả"],
  ["Polish without marks", "Lodz", "Łódź"],
  ["Danish without its own letters", "smorrebrod", "smørrebrød"],
  ["French ligatures", "coeur", "cœur"],
  ["stretched Arabic", "كتاب", "كتـــاب"],
  ["Arabic with and without the article", "تفاح", "والتفاح"],
  ["Arabic endings that are mixed up", "مستشفي سياسه", "مستشفى سياسة"],
  ["Hebrew with and without the article", "תפוח", "התפוח"],
  ["Persian on an Arabic keyboard", "كتاب علي", "کتاب علی"],
  ["Persian joiners", "میخواهم", "می\u200cخواهم"],
  ["soft hyphens", "Rückgabefrist", "Rück\u00adgabe\u00adfrist"],
  ["digits of other scripts", "123 123 123", "١٢٣ ۱۲۳ १२३"],
  ["digits as emoji", "1 step", "1\ufe0f\u20e3 step"],
])("%s: one word however it is typed", (_, one, other) => {
  expect(wordsOf(other)).toEqual(wordsOf(one));
});

test("texts of several scripts keep their order", () => {
  expect(wordsOf("Pruning 修剪苹果树 in May")).toEqual(["prun", "修剪", "剪苹", "苹果", "果树", "may"]);
  expect(wordsOf("第1章")).toEqual(["第", "1", "章"]);
});

test("an English text gives the words that it always gave", () => {
  expect(wordsOf("The cherries' stones were planted, pressing 3 ends.")).toEqual([
    "cherry",
    "stone",
    "plant",
    "press",
    "3",
    "end",
  ]);
});

test("the parts of a compound find it", () => {
  const words = indexWordsOf("Die Rückgabefrist beträgt zwei Wochen.");
  for (const part of ["Frist", "Rückgabe", "Rückgabefrist"]) expect(words).toContain(wordsOf(part)[0]);
  expect(indexWordsOf("Versicherungs\u00adnummer")).toContain("versicherung");
  expect(indexWordsOf("internationalisation of small words")).toEqual(
    wordsOf("internationalisation of small words"),
  );
});
