import { gzipSync } from "node:zlib";
import { type OutputChunk, rolldown } from "rolldown";

/** A module as a page loads it, bundled and minified. */
export interface Bundle {
  code: string;
  /** Bytes of the code and of all that it cannot run without, gzipped. */
  weight: number;
  /** Packages that are not in it. */
  imports: string[];
  /** What is loaded only once it is used, with its bytes, gzipped. */
  later: Record<string, number>;
  map: OutputChunk["map"];
}

const weightOf = ({ code }: { code: string }): number => gzipSync(code, { level: 9 }).length;

/** What a page loads when it has `code` as its only module. */
export const bundle = async (code: string, external: string[] = []): Promise<Bundle> => {
  const page = {
    name: "page",
    resolveId: (id: string) => (id === "page" ? id : undefined),
    load: (id: string) => (id === "page" ? code : undefined),
  };
  const bundler = await rolldown({
    input: "page",
    plugins: [page],
    external,
    platform: "browser",
    logLevel: "silent",
  });
  const { output } = await bundler.generate({ minify: true, sourcemap: "hidden" });
  await bundler.close();
  const [entry] = output;
  const chunks = output.flatMap((file) => (file.type === "chunk" ? [file] : []));
  const files = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const needed = new Set([entry]);
  for (const chunk of needed) for (const name of chunk.imports) needed.add(files.get(name) ?? chunk);
  const others = chunks.filter((chunk) => !needed.has(chunk));
  return {
    code: [...needed].map((chunk) => chunk.code).join("\n"),
    weight: [...needed].reduce((sum, chunk) => sum + weightOf(chunk), 0),
    imports: [...needed].flatMap((chunk) => chunk.imports).filter((name) => !files.has(name)),
    later: Object.fromEntries(others.map((chunk) => [chunk.name, weightOf(chunk)])),
    map: entry.map,
  };
};
