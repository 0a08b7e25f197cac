import ts from "typescript";

/** The libraries of TypeScript and of Node, which are the same for everybody. */
const isLibrary = (file: string): boolean => /\/node_modules\/(typescript\/lib|@types\/node)\//.test(file);

/** Declarations of others are not ours to mend. */
const isOurs = (file: string): boolean => /\/node_modules\/muxi-client\/|^(?!.*\/node_modules\/)/.test(file);

const libraries = new Map<string, ts.SourceFile | undefined>();

const hostOf = (options: ts.CompilerOptions): ts.CompilerHost => {
  const host = ts.createCompilerHost(options);
  return {
    ...host,
    getSourceFile(file, format, ...rest) {
      if (!isLibrary(file)) return host.getSourceFile(file, format, ...rest);
      const key = `${file} ${JSON.stringify(format)}`;
      if (!libraries.has(key)) libraries.set(key, host.getSourceFile(file, format, ...rest));
      return libraries.get(key);
    },
  };
};

/**
 * Compiles files as `tsc` does, in this process, with what earlier tests have read of the libraries.
 *
 * @param options As in tsconfig.json.
 * @returns What the compiler complains about, in the files and in what they import of ours.
 */
export const problemsIn = (files: readonly string[], options: object, folder: string): string[] => {
  const { options: parsed, errors } = ts.convertCompilerOptionsFromJson(options, folder);
  const host = hostOf(parsed);
  host.getCurrentDirectory = () => folder;
  const program = ts.createProgram(files, parsed, host);
  const checked = program.getSourceFiles().filter(({ fileName }) => isOurs(fileName));
  const problems = [
    ...errors,
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...checked.flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]),
  ];
  if (!parsed.noEmit) problems.push(...program.emit().diagnostics);
  return problems.map(
    ({ file, messageText }) =>
      `${file?.fileName ?? "options"}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`,
  );
};
