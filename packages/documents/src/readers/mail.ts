import PostalMime, { type Address } from "postal-mime";
import type { Reader } from "../base/reader.ts";
import { readMarkup } from "./html.ts";
import { readTextLines } from "./text.ts";

const mailbox = ({ name, address }: { name: string; address?: string | undefined }): string =>
  address && name ? `${name} <${address}>` : (address ?? name);

const mailboxes = (addresses: readonly Address[] = []): string =>
  addresses.flatMap((each) => (each.group ? each.group.map(mailbox) : [mailbox(each)])).join(", ");

/** Reads mails: who wrote to whom and when, the text, and the files that came along. */
export const readMail: Reader = async ({ bytes }, output, readPart) => {
  const mail = await PostalMime.parse(bytes);
  output.title(mail.subject);
  output.add({ kind: "heading", text: mail.subject ?? "", level: 1 });
  const head = [
    ["From", mailboxes(mail.from ? [mail.from] : [])],
    ["To", mailboxes(mail.to)],
    ["Cc", mailboxes(mail.cc)],
    ["Date", mail.date ?? ""],
  ];
  const lines = head.filter(([, value]) => value !== "").map(([name, value]) => `${name}: ${value}`);
  output.add({ kind: "paragraph", text: lines.join("\n") });
  // Lines of the text are not those of the file.
  if (mail.text !== undefined) {
    readTextLines(mail.text, { ...output, add: ({ lines: _, ...block }) => output.add(block) });
  } else if (mail.html !== undefined) readMarkup(mail.html, { ...output, title: () => undefined });
  for (const { filename, mimeType, content, related } of mail.attachments) {
    if (filename === null || related || typeof content === "string") continue;
    await readPart(
      { name: filename, bytes: Buffer.from(new Uint8Array(content)), mediaType: mimeType },
      output,
    );
  }
};
