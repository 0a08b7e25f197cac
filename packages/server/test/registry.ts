import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import http from "node:http";
import { dirname, join } from "node:path";
import { create } from "tar";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "./helpers.ts";

/** A package of the registry: its files, and what its `package.json` says besides name and version. */
export interface RegistryPackage {
  files: Record<string, string>;
  manifest?: object;
}

const pack = async (name: string, { files, manifest }: RegistryPackage): Promise<Buffer> => {
  const folder = await temporaryFolder();
  const written = { "package.json": JSON.stringify({ name, version: "1.0.0", ...manifest }), ...files };
  for (const [file, text] of Object.entries(written)) {
    await mkdir(dirname(join(folder, "package", file)), { recursive: true });
    await writeFile(join(folder, "package", file), text);
  }
  await create({ gzip: true, cwd: folder, file: join(folder, "made.tgz") }, ["package"]);
  return readFile(join(folder, "made.tgz"));
};

/** A registry of packages on loopback, each in version 1.0.0. */
export const startRegistry = async (packages: Record<string, RegistryPackage>) => {
  const tarballs = new Map<string, Buffer>();
  for (const [name, one] of Object.entries(packages)) tarballs.set(name, await pack(name, one));
  const asked: string[] = [];
  const listener = http.createServer(({ url = "" }, response) => {
    asked.push(url);
    const name = decodeURIComponent(url.slice(1)).replace(/\/-\/.*$/, "");
    const tarball = tarballs.get(name);
    if (tarball && url.includes("/-/")) response.end(tarball);
    else response.writeHead(404, { "content-type": "application/json" }).end('{"error":"not found"}');
  });
  await once(listener.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    listener.close();
    listener.closeAllConnections();
  });
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("the registry has no port");
  const url = `http://127.0.0.1:${address.port}/`;

  /** The two files of a bundle that names these packages. */
  const filesFor = (...names: string[]): Record<string, string> => {
    const dependencies = Object.fromEntries(names.map((name) => [name, "^1.0.0"]));
    const entries = names.map((name) => [
      `node_modules/${name}`,
      {
        ...packages[name]?.manifest,
        version: "1.0.0",
        resolved: `${url}${name}/-/${name.split("/").at(-1)}-1.0.0.tgz`,
        integrity: `sha512-${createHash("sha512")
          .update(tarballs.get(name) ?? "")
          .digest("base64")}`,
      },
    ]);
    const root = { name: "tools", version: "1.0.0" };
    return {
      "package.json": JSON.stringify({ ...root, dependencies }),
      "package-lock.json": JSON.stringify({
        ...root,
        lockfileVersion: 3,
        requires: true,
        packages: { "": { ...root, dependencies }, ...Object.fromEntries(entries) },
      }),
    };
  };
  return { url, asked, filesFor };
};
