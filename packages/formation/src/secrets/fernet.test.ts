import { expect, test } from "vitest";
import { decryptFernet, encryptFernet, FernetError, newFernetKey } from "./fernet.ts";

// Vectors of https://github.com/fernet/spec
const key = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
const token =
  "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";
const now = new Date("1985-10-26T01:20:00-07:00");
const iv = Buffer.from(Array.from({ length: 16 }, (_, index) => index));

test("makes the token of the specification", () => {
  expect(encryptFernet(key, "hello", { now, iv })).toBe(token);
});

test("reads the token of the specification, however old", () => {
  expect(decryptFernet(key, token)).toBe("hello");
});

test("reads a key in hex and with blanks around it", () => {
  const hex = Buffer.from(key, "base64url").toString("hex");
  expect(decryptFernet(hex, token)).toBe("hello");
  expect(decryptFernet(` ${key}\n`, `${token}\n`)).toBe("hello");
});

test("new keys differ, have 44 characters and encrypt any text", () => {
  const made = newFernetKey();
  expect(made).toMatch(/^[A-Za-z0-9_-]{43}=$/);
  expect(newFernetKey()).not.toBe(made);
  for (const text of ["", "ünïcödé 🦊", "x".repeat(100_000)]) {
    expect(decryptFernet(made, encryptFernet(made, text))).toBe(text);
  }
});

test.each([
  ["another key", newFernetKey(), token, "another key"],
  ["a changed byte", key, token.replace("y021", "y022"), "was changed"],
  ["a cut token", key, token.slice(0, 40), "not a Fernet token"],
  ["another version", key, `hAAA${token.slice(4)}`, "not a Fernet token"],
  ["a token that is not Base64", key, `${token.slice(0, -4)}!!!!`, "not URL-safe Base64"],
  ["an empty token", key, "", "not a Fernet token"],
  ["a short key", "c2hvcnQ=", token, "32 bytes"],
  ["an empty key", "", token, "32 bytes"],
])("refuses %s", (_, someKey, someToken, message) => {
  expect(() => decryptFernet(someKey, someToken)).toThrow(FernetError);
  expect(() => decryptFernet(someKey, someToken)).toThrow(message);
});
