import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

const pathOf = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

const places = ["stream/chat-events.ts", "ai-sdk/chunks.ts", "react/transcript.ts"];

/** What the compiler says of each place when `added` is one more member of the wire's chat events. */
const problemsWith = (added: string): Record<string, string[]> => {
  const { config } = ts.readConfigFile(pathOf("tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, pathOf(""));
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (file, language) => {
    if (!file.endsWith("/protocol/src/types.gen.ts")) return getSourceFile(file, language);
    const source = ts.sys.readFile(file)?.replace("export type ChatWireEvent =", `$&${added}`) ?? "";
    return ts.createSourceFile(file, source, language);
  };
  const rootNames = places.map((place) => pathOf(`packages/client/src/${place}`));
  const program = ts.createProgram({ rootNames, options, host });
  return Object.fromEntries(
    places.map((place, index) => {
      const problems = program.getSemanticDiagnostics(program.getSourceFile(rootNames[index] ?? ""));
      return [place, problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))];
    }),
  );
};

test("a kind of event that is added to the wire does not compile until every reader handles it", () => {
  const problems = problemsWith('| { type: "hologram"; depth: number }');
  for (const place of places) expect(problems[place], place).toEqual([expect.stringContaining("hologram")]);
});
