import { OptionDefaults } from "typedoc";

/** The API reference: `npm run docs -w muxi-client`. A public symbol without a description is an error. */
export default {
  name: "muxi-client",
  entryPoints: ["index", "node", "react", "ai-sdk", "webhook", "testing"].map((name) => `src/${name}.ts`),
  tsconfig: "typedoc.tsconfig.json",
  out: "docs",
  readme: "README.md",
  disableSources: true,
  excludePrivate: true,
  excludeProtected: true,
  excludeExternals: true,
  validation: { notDocumented: true, notExported: true, invalidLink: true },
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
  requiredToBeDocumented: ["Class", "Interface", "TypeAlias", "Function", "Variable", "Method", "Accessor"],
  // The generated types of the wire have them.
  blockTags: [...OptionDefaults.blockTags, "@minItems", "@maxItems"],
};
