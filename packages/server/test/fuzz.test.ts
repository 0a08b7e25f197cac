import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fuzzing } from "../../../test/fuzzing.ts";
import { Failure } from "../src/base/failure.ts";
import { addMetadata, checkFormation, unpackBundle } from "../src/bundles/index.ts";
import { bundle, manifestOf } from "./bundles.ts";
import { temporaryFolder } from "./helpers.ts";

const { cases, patience } = fuzzing(100);

const limits = { maxBytes: 2 ** 20, maxUnpackedBytes: 2 ** 22, maxEntries: 100, maxRatio: 100 };

interface Change {
  kind: "byte" | "cut" | "drop" | "again" | "text";
  /** Where, as a share of the length. */
  at: number;
  length: number;
  byte: number;
  text: string;
}

const odd = fc.constantFrom(
  ...[
    "../../outside",
    "/outside",
    "\0",
    "..",
    "&a [*a, *a]",
    "<<: *a",
    "!!binary x",
    "? [",
    "- - - -",
    "__proto__: {}",
  ],
  ...[
    "${{ secrets.X }}",
    "${{ env.HOME }}",
    "\t",
    "\r",
    ": ",
    "|",
    ">",
    "---\n",
    "%YAML 9.9\n",
    "99999999999",
    "\ud800",
  ],
);

const changes = fc.array(
  fc.record<Change>({
    kind: fc.constantFrom("byte", "cut", "drop", "again", "text"),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.integer({ min: 1, max: 600 }),
    byte: fc.nat(255),
    text: fc.oneof(odd, fc.string()),
  }),
  { minLength: 1, maxLength: 5 },
);

const changed = (bytes: Buffer, { kind, at, length, byte, text }: Change): Buffer => {
  const from = Math.floor(at * bytes.length);
  const [before, piece, after] = [
    bytes.subarray(0, from),
    bytes.subarray(from, from + length),
    bytes.subarray(from),
  ];
  switch (kind) {
    case "byte":
      return Buffer.concat([before, Buffer.from([byte]), after.subarray(1)]);
    case "cut":
      return Buffer.from(before);
    case "drop":
      return Buffer.concat([before, after.subarray(length)]);
    case "again":
      return Buffer.concat([before, piece, after]);
    case "text":
      return Buffer.concat([before, Buffer.from(text), after.subarray(Buffer.byteLength(text))]);
  }
};

/** Checks a formation as a deploy does: it is one or refused, and nothing is written beside its folder. */
const check = async (ground: string, fill: (folder: string) => Promise<void>): Promise<void> => {
  const folder = join(ground, "my-bot");
  const before = await readdir(ground);
  try {
    await fill(folder);
    const expected = { id: "my-bot", version: undefined };
    const { formation } = await checkFormation(folder, expected);
    await addMetadata(formation, "server-1");
    await checkFormation(folder, expected);
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    expect([400, 413]).toContain(error instanceof Failure && error.status);
    expect(String(error)).not.toContain(ground);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  expect(await readdir(ground)).toEqual(before);
};

const everyBundle = async (original: Buffer, pack: (bytes: Buffer) => Buffer): Promise<void> => {
  const ground = await temporaryFolder();
  const file = join(ground, "bundle.tar.gz");
  await fc.assert(
    fc.asyncProperty(changes, async (all) => {
      await writeFile(file, pack(all.reduce(changed, original)));
      await check(ground, (folder) => unpackBundle(file, folder, limits));
    }),
    cases,
  );
};

const whole = () => bundle({ files: { "SOUL.md": "Be kind.\n", "package.json": "{}" } });

test("whatever bytes a bundle has, it is read or refused", { timeout: patience }, async () => {
  await everyBundle(await whole(), (bytes) => bytes);
});

test("whatever its tar holds, it is read or refused", { timeout: patience }, async () => {
  await everyBundle(gunzipSync(await whole()), (bytes) => gzipSync(bytes));
});

test("whatever its manifest says, it is read or refused", { timeout: patience }, async () => {
  const ground = await temporaryFolder();
  const original = Buffer.from(
    `${manifestOf("my-bot", "1.0.0")}memory: { persistent: { extraction: false } }\nagents: []\nmcp: { servers: [] }\n`,
  );
  await fc.assert(
    fc.asyncProperty(changes, (all) =>
      check(ground, async (folder) => {
        await mkdir(folder);
        await writeFile(join(folder, "formation.afs"), all.reduce(changed, original));
      }),
    ),
    cases,
  );
});

test("a manifest is written as it was read where a repeated key takes away an alias without its anchor", async () => {
  const folder = join(await temporaryFolder(), "my-bot");
  await mkdir(folder);
  const manifest = `x-tags: *later\n${manifestOf("my-bot", "1.0.0")}x-tags: none\n`;
  await writeFile(join(folder, "formation.afs"), manifest);
  const expected = { id: "my-bot", version: undefined };
  const { formation } = await checkFormation(folder, expected);
  await addMetadata(formation, "server-1");
  const again = await checkFormation(folder, expected);
  expect(again.formation.id).toBe("my-bot");
});
