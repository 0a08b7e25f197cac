import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { folder, load, manifest } from "../test/folder.ts";
import { resolveApiKeys } from "./api-keys.ts";
import { openFormation } from "./load.ts";

test("keys of the manifest are used, and nothing is written", async () => {
  const formation = await load({
    "formation.afs": manifest("server: { api_keys: { client_key: c, admin_key: a } }"),
  });
  expect(await resolveApiKeys(formation)).toEqual({ clientKey: "c", adminKey: "a", generated: false });
  await expect(stat(join(formation.dir, ".keys.json"))).rejects.toThrow("ENOENT");
});

test("without any they are made once, for the owner alone, and stay the same", async () => {
  const formation = await load({ "formation.afs": manifest() });
  const keys = await resolveApiKeys(formation);
  expect(keys).toEqual({
    clientKey: expect.stringMatching(/^fmc_[\w-]{32,}$/),
    adminKey: expect.stringMatching(/^fma_[\w-]{32,}$/),
    generated: true,
  });
  expect(await resolveApiKeys(formation)).toEqual(keys);
  expect((await stat(join(formation.dir, ".keys.json"))).mode & 0o777).toBe(0o600);
  expect(await resolveApiKeys(await load({ "formation.afs": manifest() }))).not.toEqual(keys);
});

test("only the key that is missing is made", async () => {
  const dir = await folder({ "formation.afs": manifest("server: { api_keys: { client_key: mine } }") });
  const { clientKey, adminKey } = await resolveApiKeys(await openFormation(dir));
  expect(clientKey).toBe("mine");
  expect(adminKey).toMatch(/^fma_/);
  await writeFile(join(dir, "formation.afs"), manifest());
  expect((await resolveApiKeys(await openFormation(dir))).adminKey).toBe(adminKey);
});

test("starts at the same time agree on the keys", async () => {
  const formation = await load({ "formation.afs": manifest() });
  const all = await Promise.all(Array.from({ length: 20 }, () => resolveApiKeys(formation)));
  expect(new Set(all.map(({ clientKey, adminKey }) => clientKey + adminKey)).size).toBe(1);
  expect(JSON.parse(await readFile(join(formation.dir, ".keys.json"), "utf8"))).toEqual({
    client_key: all[0]?.clientKey,
    admin_key: all[0]?.adminKey,
  });
});

test.each(["", "not json: hidden", '{"client_key":"hidden"}'])(
  "a key file that holds %j is not used",
  async (text) => {
    const formation = await load({ "formation.afs": manifest(), ".keys.json": text });
    const failure = await resolveApiKeys(formation).catch((error: unknown) => error);
    expect(String(failure)).toContain("delete it to generate new ones");
    expect(String(failure)).not.toContain("hidden");
  },
);

test("a folder that cannot be written gives the remedy", async () => {
  const formation = await load({ "formation.afs": manifest() });
  await expect(resolveApiKeys({ ...formation, dir: join(formation.dir, "gone") })).rejects.toThrow(
    "cannot be written (ENOENT): make the folder writable, or set both keys in server.api_keys",
  );
});
