import { Parser } from "htmlparser2";
import { nestedTooDeeply } from "./unreadable.ts";

/** An element of XML, with its name as it is written, prefix included. */
export interface XmlElement {
  name: string;
  attributes: Readonly<Record<string, string>>;
  children: XmlNode[];
}

export type XmlNode = XmlElement | string;

const deepest = 500;

/**
 * Parses XML. Entities are not expanded but for those of XML itself, so they cannot multiply.
 *
 * @returns An element without a name around the root
 * @throws Unreadable when elements stand too deeply in others
 */
export const parseXml = (xml: string): XmlElement => {
  const top: XmlElement = { name: "", attributes: {}, children: [] };
  const path = [top];
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        if (path.length > deepest) throw nestedTooDeeply();
        const element: XmlElement = { name, attributes, children: [] };
        path.at(-1)?.children.push(element);
        path.push(element);
      },
      onclosetag() {
        path.pop();
      },
      ontext(text) {
        path.at(-1)?.children.push(text);
      },
    },
    { xmlMode: true },
  );
  parser.write(xml);
  parser.end();
  return top;
};

const isElement = (node: XmlNode): node is XmlElement => typeof node !== "string";

/** The child elements of a name. */
export const childrenOf = (element: XmlElement | undefined, name?: string): XmlElement[] =>
  element?.children.filter(isElement).filter((child) => name === undefined || child.name === name) ?? [];

/** The elements of a name at any depth, in their order, none inside another. */
export const elementsOf = (element: XmlElement, name: string): XmlElement[] =>
  childrenOf(element).flatMap((child) => (child.name === name ? [child] : elementsOf(child, name)));

/** The first element of a name at any depth. */
export const firstOf = (element: XmlElement | undefined, name: string): XmlElement | undefined => {
  for (const child of childrenOf(element)) {
    const found = child.name === name ? child : firstOf(child, name);
    if (found) return found;
  }
  return undefined;
};

/** All text inside an element. */
export const xmlText = (element: XmlElement | undefined): string =>
  element?.children.map((child) => (isElement(child) ? xmlText(child) : child)).join("") ?? "";
