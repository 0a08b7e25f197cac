import type { MarkedToken, Token } from "marked";
import type { Span } from "../terminal/index.ts";
import type { Colours } from "../ui/index.ts";

type Paint = Span["paint"];

const asIs: Paint = String;

/** Without extensions, marked makes no tokens but its own. */
export const isOwn = (_token: Token): _token is MarkedToken => true;

/**
 * The words of a line with their styles. Where there are no colours, what they would show stays as it was written.
 */
export const inline = (tokens: readonly Token[], colours: Colours, paint: Paint = asIs): Span[] => {
  const styled = (style: (text: string) => string): Paint =>
    paint === asIs ? style : (text) => paint(style(text));
  const enclosed = (mark: string, inner: readonly Token[], style: (text: string) => string): Span[] => {
    const spans = inline(inner, colours, styled(style));
    if (colours.isColorSupported) return spans;
    return [{ text: mark, paint }, ...spans, { text: mark, paint }];
  };

  return tokens.filter(isOwn).flatMap((token): Span[] => {
    switch (token.type) {
      case "strong":
        return enclosed("**", token.tokens, colours.bold);
      case "em":
        return enclosed("*", token.tokens, colours.italic);
      case "del":
        return enclosed("~~", token.tokens, colours.strikethrough);
      case "codespan":
        return colours.isColorSupported
          ? [{ text: token.text, paint: styled(colours.cyan) }]
          : [{ text: token.raw, paint }];
      case "link": {
        const label = inline(token.tokens, colours, styled(colours.underline));
        if (token.text === token.href || `mailto:${token.text}` === token.href) return label;
        return [...label, { text: ` (${token.href})`, paint: styled(colours.dim) }];
      }
      case "image":
        return [{ text: `${token.text || "image"} (${token.href})`, paint: styled(colours.dim) }];
      case "br":
        return [{ text: "\n", paint }];
      case "escape":
        return [{ text: token.text, paint }];
      case "checkbox":
        return [{ text: token.checked ? "☑ " : "☐ ", paint }];
      case "text":
        return token.tokens ? inline(token.tokens, colours, paint) : [{ text: token.text, paint }];
      default:
        return [{ text: token.raw, paint }];
    }
  });
};
