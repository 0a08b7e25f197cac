/** What declarations say of themselves, for tests that nothing goes without a description. */
import ts from "typescript";

/**
 * Each class, interface, type and property of a source by its path, such as `Agent.name`, with its description.
 *
 * @param source TypeScript: types or declarations.
 */
export const descriptionsIn = (source: string): [path: string, description: string][] => {
  const found: [string, string][] = [];
  const visit = (node: ts.Node, path: string): void => {
    let below = path;
    const isType =
      ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);
    if (isType || ts.isPropertySignature(node)) {
      const name = node.name?.getText() ?? "";
      below = path === "" ? name : `${path}.${name}`;
      const comments = ts
        .getJSDocCommentsAndTags(node)
        .map(({ comment }) => ts.getTextOfJSDocComment(comment));
      found.push([below, comments.join(" ")]);
    }
    ts.forEachChild(node, (child) => visit(child, below));
  };
  visit(ts.createSourceFile("source.ts", source, ts.ScriptTarget.ES2023, true), "");
  return found;
};
