import { Parser } from "htmlparser2";
import type { Reader } from "../base/reader.ts";
import { nestedTooDeeply } from "../base/unreadable.ts";
import { textOf } from "./encoding.ts";

const deepest = 500;
const declaration = /^<\?xml[^>]{0,200}encoding\s*=\s*["']([\w-]{1,40})/;

/**
 * Reads XML: each element below the root becomes a paragraph, whose lines say what its elements and attributes hold.
 * Entities are not expanded but for those of XML itself.
 */
export const readXml: Reader = ({ bytes }, output) => {
  const [, named] = declaration.exec(bytes.toString("latin1", 0, 300)) ?? [];
  const path: string[] = [];
  let lines: string[] = [];
  let text = "";
  const say = (name: string, value: string) => {
    const said = value.replace(/\s+/g, " ").trim();
    if (said !== "") lines.push(`${name}: ${said}`);
  };
  const endText = () => {
    say(path.slice(1).join(" ") || (path[0] ?? ""), text);
    text = "";
  };
  const flush = () => {
    output.add({ kind: "paragraph", text: lines.join("\n") });
    lines = [];
  };
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        endText();
        path.push(name);
        if (path.length > deepest) throw nestedTooDeeply();
        for (const [attribute, value] of Object.entries(attributes)) {
          if (!attribute.startsWith("xmlns")) say([...path.slice(1), attribute].join(" "), value);
        }
      },
      ontext(piece) {
        text += piece;
      },
      onclosetag() {
        endText();
        path.pop();
        if (path.length <= 1) flush();
      },
    },
    { xmlMode: true },
  );
  parser.write(textOf(bytes, named));
  parser.end();
};
