import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { folder } from "../../test/folder.ts";
import { encryptFernet, newFernetKey } from "./fernet.ts";
import { SecretsError } from "./files.ts";
import { openSecrets } from "./store.ts";

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

test("a folder without files has no secrets, and opening it makes none", async () => {
  const dir = await folder({});
  const secrets = await openSecrets(dir);
  expect(secrets.names()).toEqual([]);
  expect(secrets.get("ANY")).toBeUndefined();
  await expect(stat(join(dir, ".key"))).rejects.toThrow("ENOENT");
});

test("what is set is there after reopening, encrypted and for the owner alone", async () => {
  const dir = await folder({});
  const secrets = await openSecrets(dir);
  await secrets.set("zeta", "last");
  await secrets.set("openai-api.key", "sk-very-secret");
  const again = await openSecrets(dir);
  expect(again.names()).toEqual(["OPENAI_API_KEY", "ZETA"]);
  expect(again.get("Openai_Api_Key")).toBe("sk-very-secret");
  expect(secrets.get("OPENAI_API_KEY")).toBe("sk-very-secret");
  expect(await readFile(join(dir, "secrets.enc"), "utf8")).not.toContain("secret");
  expect((await readFile(join(dir, ".key"), "utf8")).trim()).toHaveLength(44);
  expect(await modeOf(join(dir, "secrets.enc"))).toBe("600");
  expect(await modeOf(join(dir, ".key"))).toBe("600");
});

test("the template follows what is set and deleted, and keeps its other lines", async () => {
  const dir = await folder({ secrets: "# needed\nKEPT=\n" });
  const secrets = await openSecrets(dir);
  await secrets.set("NEW", "1");
  await secrets.set("NEW", "2");
  expect(await readFile(join(dir, "secrets"), "utf8")).toBe("# needed\nKEPT=\nNEW=\n");
  expect(await secrets.delete("new")).toBe(true);
  expect(await secrets.delete("new")).toBe(false);
  expect(await readFile(join(dir, "secrets"), "utf8")).toBe("# needed\nKEPT=\n");
  expect((await openSecrets(dir)).names()).toEqual([]);
});

test("a change keeps what another process stored meanwhile", async () => {
  const dir = await folder({});
  const [one, other] = await Promise.all([openSecrets(dir), openSecrets(dir)]);
  await one.set("ONE", "1");
  await other.set("OTHER", "2");
  expect((await openSecrets(dir)).names()).toEqual(["ONE", "OTHER"]);
});

test("changes at the same time all count", async () => {
  const dir = await folder({});
  const secrets = await openSecrets(dir);
  await Promise.all(Array.from({ length: 10 }, (_, index) => secrets.set(`S${index}`, "x")));
  expect((await openSecrets(dir)).names()).toHaveLength(10);
  expect((await readFile(join(dir, "secrets"), "utf8")).trim().split("\n")).toHaveLength(10);
});

test("a name without a letter or digit is refused", async () => {
  const secrets = await openSecrets(await folder({}));
  await expect(secrets.set("--", "x")).rejects.toThrow("needs a letter or a digit");
});

const key = newFernetKey();

test.each([
  ["no key", { "secrets.enc": encryptFernet(key, "{}") }, ".key", "is missing"],
  [
    "another key",
    { ".key": newFernetKey(), "secrets.enc": encryptFernet(key, '{"A":"hidden"}') },
    "secrets.enc",
    "another key",
  ],
  ["a broken key", { ".key": "???", "secrets.enc": encryptFernet(key, "{}") }, "secrets.enc", "Base64"],
  ["a token that was cut", { ".key": key, "secrets.enc": "gAAAA" }, "secrets.enc", "not a Fernet token"],
  [
    "no JSON",
    { ".key": key, "secrets.enc": encryptFernet(key, "hidden") },
    "secrets.enc",
    "does not contain JSON",
  ],
  [
    "another shape",
    { ".key": key, "secrets.enc": encryptFernet(key, '["hidden"]') },
    "secrets.enc",
    "one JSON object",
  ],
])("with %s it cannot be opened, and nothing is shown", async (_, files, file, message) => {
  const failure = await openSecrets(await folder(files)).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(SecretsError);
  expect(failure).toMatchObject({ file, message: expect.stringContaining(message) });
  expect(String(failure)).not.toContain("hidden");
});

test("names written by other tools are found", async () => {
  const dir = await folder({ ".key": key });
  await writeFile(join(dir, "secrets.enc"), encryptFernet(key, '{"my-token":"t"}'));
  expect((await openSecrets(dir)).get("MY_TOKEN")).toBe("t");
});
