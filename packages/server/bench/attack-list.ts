import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { ZipFile } from "yazl";
import { hostileLines } from "../test/hostile-manifests.ts";
import type { Answer, BuiltServer } from "./built-server.ts";

/** Of a chat. */
interface AttachedFile {
  filename: string;
  content: string;
  content_type: string;
}

/** What an attacker reaches. */
export interface Target {
  server: BuiltServer;
  /** The formation of which they are a user, and whose bundles they may deploy. */
  formation: string;
  /** A manifest with an id of its own, and more lines. */
  manifestOf(id: string, lines: string): string;
  /** Sends a body for a chat. */
  post(body: string): Promise<Answer>;
}

export interface Attack {
  name: string;
  /** Makes ready what need not be measured, and gives the attack. It comes to what the attacker was told. */
  prepare(target: Target): Promise<() => Promise<string>>;
}

const megabyte = 2 ** 20;

const told = ({ status }: Answer): string => String(status);

const deployOf = (name: string, files: (target: Target) => Record<string, string | Buffer>): Attack => ({
  name,
  async prepare(target) {
    const bomb = target.server.pack("bomb", files(target));
    return async () => told(await target.server.deploy("bomb", "1.0.0", bomb));
  },
});

const bodyOf = (message: string, files: readonly AttachedFile[] = []): string =>
  JSON.stringify({ message, files, stream: false });

const chatOf = (name: string, message: string, files: () => Promise<AttachedFile[]>): Attack => ({
  name,
  async prepare(target) {
    const body = bodyOf(message, await files());
    return async () => told(await target.post(body));
  },
});

const docx = async (document: string): Promise<AttachedFile> => {
  const office = "http://schemas.openxmlformats.org";
  const archive = new ZipFile();
  const add = (name: string, text: string) => archive.addBuffer(Buffer.from(text), name);
  add(
    "[Content_Types].xml",
    `<Types xmlns="${office}/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`,
  );
  add(
    "_rels/.rels",
    `<Relationships xmlns="${office}/package/2006/relationships"><Relationship Id="r1" Type="${office}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`,
  );
  add(
    "word/document.xml",
    `<w:document xmlns:w="${office}/wordprocessingml/2006/main"><w:body>${document}</w:body></w:document>`,
  );
  archive.end();
  const content = (await buffer(archive.outputStream)).toString("base64");
  return { filename: "slow.docx", content, content_type: "application/octet-stream" };
};

/** A database that takes long to copy. */
const fillDatabase = ({ server, formation }: Target): void => {
  const data = join(server.data, "formations", formation, "data");
  const name = readdirSync(data).find((file) => file.endsWith(".db"));
  if (name === undefined) throw new Error(`${data} holds no database`);
  const database = new DatabaseSync(join(data, name));
  database.exec("pragma busy_timeout = 20000; create table ballast (content blob)");
  const insert = database.prepare("insert into ballast values (randomblob(?))");
  for (let at = 0; at < 256; at += 1) insert.run(megabyte);
  database.close();
};

/** In this order: after the last one every chat of the formation has 10,000 tools. */
export const attacks: readonly Attack[] = [
  { name: "nothing", prepare: async () => () => delay(5_000, "–") },
  deployOf("bundle with a list of 400,000 mappings", ({ manifestOf }) => ({
    "formation.afs": manifestOf("bomb", hostileLines["a list without end below an unknown key"](400_000)),
  })),
  deployOf("bundle with 400,000 unknown keys", ({ manifestOf }) => ({
    "formation.afs": manifestOf("bomb", hostileLines["unknown keys"](400_000)),
  })),
  deployOf("bundle that unpacks to 1,000 times its size", ({ manifestOf }) => ({
    "formation.afs": manifestOf("bomb", ""),
    zeros: Buffer.alloc(512 * megabyte),
  })),
  deployOf("bundle of 20,000 small files", ({ manifestOf }) => ({
    "formation.afs": manifestOf("bomb", ""),
    ...Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`data/${at}.txt`, "x"])),
  })),
  {
    name: "download of these files",
    prepare:
      async ({ server }) =>
      async () =>
        told(await server.call("GET", "/rpc/formations/bomb/download")),
  },
  {
    name: "upload of 256 MB that are no bundle",
    async prepare({ server }) {
      const upload = Buffer.alloc(256 * megabyte, "not gzip");
      return async () => told(await server.deploy("large", "1.0.0", upload));
    },
  },
  {
    name: "download with a database of 256 MB",
    async prepare(target) {
      fillDatabase(target);
      return async () =>
        told(await target.server.call("GET", `/rpc/formations/${target.formation}/download?db=true`));
    },
  },
  chatOf("chat with a Word document that takes minutes to read", "Read", async () => [
    await docx("<w:p/>".repeat(600_000)),
  ]),
  chatOf("chat with a Word document that unpacks to 200 MB", "Read", async () => [
    await docx(" ".repeat(200 * megabyte)),
  ]),
  chatOf("chat with 36 MB of text", "Read", async () =>
    ["a.txt", "b.txt"].map((filename) => ({
      filename,
      content: Buffer.alloc(18 * megabyte, "words and words ").toString("base64"),
      content_type: "text/plain",
    })),
  ),
  {
    name: "chat with millions of values",
    prepare: async (target) => async () =>
      told(await target.post(`{"message":"Read","files":[${"[],".repeat(15_000_000)}[]]}`)),
  },
  chatOf("model whose arguments are nested 5,000 deep", "deep", async () => []),
  {
    name: "server that suddenly offers 10,000 tools, and a chat with them",
    prepare:
      async ({ post }) =>
      async () => {
        const answers: string[] = [];
        for (const message of ["grow", "Hello", "Hello"]) answers.push(told(await post(bodyOf(message))));
        return answers.join(", ");
      },
  },
];
