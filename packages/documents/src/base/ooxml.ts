import posix from "node:path/posix";
import { childrenOf, firstOf, parseXml, xmlText } from "./xml.ts";
import type { Zip } from "./zip.ts";

/** What an Office document says that it is called. */
export const titleOfOffice = async (zip: Zip): Promise<string> =>
  xmlText(firstOf(parseXml(await zip.text("docProps/core.xml")), "dc:title"));

/** What a part of an Office document refers to. */
export interface Relationship {
  /** The last word of its type, such as `slide`. */
  type: string;
  /** Name of the part in the archive. */
  target: string;
}

/** The parts that a part of an Office document refers to, by their ids. */
export const relationshipsOf = async (zip: Zip, part: string): Promise<Map<string, Relationship>> => {
  const folder = posix.dirname(part);
  const xml = await zip.text(posix.join(folder, "_rels", `${posix.basename(part)}.rels`));
  return new Map(
    childrenOf(childrenOf(parseXml(xml), "Relationships")[0]).map(({ attributes }) => {
      const { Id = "", Target = "", Type = "" } = attributes;
      const target = Target.startsWith("/") ? Target.slice(1) : posix.join(folder, Target);
      return [Id, { type: posix.basename(Type), target }];
    }),
  );
};
