import { documentExtensions } from "@muxi/documents";
import { expect, test } from "vitest";
import { codeIn, rowsIn, sectionOf } from "../../../../test/spec-pages.ts";

test("the formats of documents are those of the specification", () => {
  const section = sectionOf("formation-files.md", "Knowledge");
  const extensions = rowsIn(section).flatMap(([, second = ""]) =>
    codeIn(second).filter((code) => code.startsWith(".")),
  );
  expect(extensions.sort()).toEqual([...documentExtensions, ".tar.gz"].sort());
});
