import { type Document, type ParsedNode, visit, type YAMLParseError } from "yaml";

/** Why a text is not YAML, without a word of it. */
export interface SyntaxFault {
  /** Of the place, in characters. */
  offset: number;
  message: string;
  hint?: string;
}

type Explanation = Omit<SyntaxFault, "offset">;

const missingColon: Explanation = {
  message: "a field without a colon",
  hint: 'Write it as "name: value", with a blank after the colon',
};

const openBracket: Explanation = {
  message: "a [ or { that is not closed before this line",
  hint: "Add the missing ] or }",
};

const openQuote: Explanation = {
  message: "a quote that is not closed",
  hint: "Add the missing quote. In single quotes, write an apostrophe twice",
};

const misaligned: Explanation = {
  message: "a line whose indentation differs from that of the fields or entries beside it",
  hint: "Begin all fields of a mapping, and all entries of a list, at one column",
};

const tooDeep: Explanation = { message: "it is nested too deeply", hint: "Nest at most 64 levels" };

/** By the parser's code. A code that is not here keeps the parser's own message. */
const explanations: Readonly<Record<string, Explanation>> = {
  MULTILINE_IMPLICIT_KEY: missingColon,
  MULTIPLE_DOCS: { message: "it contains more than one document", hint: "Remove the line ---" },
  TAB_AS_INDENT: { message: "a tab at the beginning of a line", hint: "Indent with blanks" },
  BLOCK_AS_IMPLICIT_KEY: {
    message: "a colon inside a value, or a next line that is indented further",
    hint: "Put a value that contains a colon and a blank in quotes, and begin all fields of a mapping at one column",
  },
  BAD_INDENT: misaligned,
  UNEXPECTED_TOKEN: {
    message: "something that YAML does not expect here",
    hint: "Put a value that contains one of { } [ ] , # : in quotes",
  },
  BAD_SCALAR_START: {
    message: "a value that begins with a reserved character",
    hint: "Put the value in quotes",
  },
  BAD_ALIAS: { message: "a * that names nothing", hint: "Put a value that begins with * in quotes" },
  BAD_DQ_ESCAPE: {
    message: "a \\ in double quotes that means nothing",
    hint: "Write \\\\, or use single quotes",
  },
};

/** Some messages quote a part of the file. */
const withoutQuotations = (message: string): string => message.replace(/: ".*$/s, "");

const explain = ({ code, message }: YAMLParseError): Explanation => {
  if (message.includes("call stack")) return tooDeep;
  if (code === "MISSING_CHAR" && message.startsWith("Implicit map keys")) return missingColon;
  if (code === "MISSING_CHAR" && message.includes("quote")) return openQuote;
  if (code === "BAD_INDENT" && message.startsWith("Flow")) return openBracket;
  if (code === "MISSING_CHAR" && message.startsWith("Sequence item")) return misaligned;
  return explanations[code] ?? { message: withoutQuotations(message) };
};

/** Where the quote begins that is most likely the open one: the first that spans lines. */
const openQuoteIn = (document: Document, text: string): number | undefined => {
  let offset: number | undefined;
  visit(document, {
    Scalar(_, { type, range }) {
      const isQuoted = type === "QUOTE_DOUBLE" || type === "QUOTE_SINGLE";
      if (!range || !isQuoted || !text.slice(range[0], range[1]).includes("\n")) return undefined;
      offset = range[0];
      return visit.BREAK;
    },
  });
  return offset;
};

/** The first syntax error of a document; undefined when it has none. */
export const explainSyntax = (
  document: Document.Parsed<ParsedNode, boolean>,
  text: string,
): SyntaxFault | undefined => {
  const [error] = document.errors;
  if (!error) return undefined;
  const explanation = explain(error);
  const offset = explanation === openQuote ? openQuoteIn(document, text) : undefined;
  return { ...explanation, offset: offset ?? error.pos[0] };
};
