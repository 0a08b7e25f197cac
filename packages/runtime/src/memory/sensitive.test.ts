import { expect, test } from "vitest";
import { isSensitive } from "./sensitive.ts";

test.each([
  "The user's password is hunter2",
  "The user's P@ssw0rd: hunter2",
  "my pass-word is hunter2",
  "pasword hunter2",
  "The p a s s w o r d is hunter2",
  "The pass\u200bword is hunter2",
  "ｐａｓｓｗｏｒｄ hunter2",
  "passwd=hunter2",
  "my_password is hunter2",
  "The passphrase is correct horse",
  "pwd: hunter2",
  "Mein Passwort ist hunter2",
  "Mi contraseña es hunter2",
  "Moje hasło to hunter2",
  "パスワードはhunter2です",
  "Мой пароль hunter2",
  "The api-key is 12",
  "API_KEY=12",
  "The user's apikey",
  "an access token",
  "The pin is 1234",
  "The user's passport number is 12345",
  "It is sk-abc123def456",
  "It is sk-proj-Zx81_kkPq",
  "It is sk_live_51H8x9",
  "It is ghp_16C7e42F292c6912E7",
  "It is AKIAIOSFODNN7EXAMPLE",
  "It is xoxb-2444-abcdef",
  "It is eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
  "Authorization: Bearer abcdefgh12",
  "-----BEGIN OPENSSH KEY",
  "postgres://ann:hunter2@db.example.com/orchard",
  "It is wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY",
  "It is 9e107d9d372bb6826bd81d3542a419d6",
  "4111 1111 1111 1111",
  "078-05-1120",
  "٤١١١ ١١١١ ١١١١ ١١١١",
])("%s is confidential", (text) => {
  expect(isSensitive(text)).toBe(true);
});

test.each([
  "The user lives in Kent and keeps three cats",
  "The user passed the wordy exam in 2019",
  "The user likes pin oaks and piano keys",
  "The user works on scikit, also sk-learn",
  "The user's blog is https://example.com/2020/How-To-Plant-12-Apple-Trees",
  "The user's phone number is +44 20 7946 0958",
  "The user studies Donaudampfschifffahrtsgesellschaften",
  "The user has a key role at the AUSTRALIANMUSEUM",
  "The user's grandpa's words matter",
])("%s is not", (text) => {
  expect(isSensitive(text)).toBe(false);
});

test("a long text is looked through at once", () => {
  for (const piece of ["p a s ", "sk-", "eyJaaaaaaaa", "a:", "://", "A", "1 ", "p\u200b"]) {
    expect(isSensitive(`${piece.repeat(50_000)}.`)).toBeTypeOf("boolean");
  }
});
