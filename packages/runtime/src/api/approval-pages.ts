import { ApiError, type Interrupt } from "@muxi/protocol";
import { type LinkedInterrupt, linkedBy } from "../base/index.ts";
import type { HttpResponse } from "../http/index.ts";
import { isApproval, type Overlord, questionOf, type Register } from "../overlord/index.ts";
import { escapeHtml, page } from "./page.ts";
import { sendText } from "./pipeline.ts";
import type { Received } from "./received.ts";

export interface ApprovalPagesDeps {
  formationId: string;
  /** The admin key. */
  secret: string;
  register: Pick<Register, "get">;
  overlord: Pick<Overlord, "answer">;
  now: () => number;
}

/** Nothing of a page runs, is kept, or is told to another site. */
const guarded = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-robots-tag": "noindex",
};

const paragraph = (text: string) => `<p>${escapeHtml(text)}</p>`;

/** What is to be decided on, as it is shown. */
const decisionOn = ({ prompt, tool, plan }: Interrupt): string => {
  const subject = tool
    ? { tool: tool.server_tool ?? tool.name, server: tool.server, arguments: tool.arguments }
    : plan;
  return `${paragraph(prompt)}\n<pre>${escapeHtml(JSON.stringify(subject, undefined, 2))}</pre>`;
};

/** The pages on which whoever has the link of a webhook decides (docs/spec/formation-api.md "Approval links"). */
export const createApprovalPages = ({ formationId, secret, register, overlord, now }: ApprovalPagesDeps) => {
  const send = (response: HttpResponse, status: number, title: string, body: string) => {
    for (const [name, value] of Object.entries(guarded)) response.setHeader(name, value);
    const heading = `<h1>${escapeHtml(`${formationId}: ${title}`)}</h1>`;
    sendText(response, status, "text/html; charset=utf-8", page(title, `${heading}\n${body}`));
  };
  const unknown = (response: HttpResponse) =>
    send(response, 404, "no such link", paragraph("Check that the whole address was copied."));
  const over = (response: HttpResponse) =>
    send(
      response,
      410,
      "decided already",
      paragraph("This was answered, cancelled, or not answered in time: the link does nothing any more."),
    );

  /** What the link decides on, as long as it is to be decided on. */
  const waiting = async ({ requestId, interruptId }: LinkedInterrupt): Promise<Interrupt | undefined> => {
    try {
      const request = await register.get(requestId, undefined);
      const { interrupt, until } = questionOf(request);
      const isOpen = request.status === "awaiting_clarification" && until > now();
      return isOpen && interrupt?.id === interruptId && isApproval(interrupt) ? interrupt : undefined;
    } catch (error) {
      if (error instanceof ApiError && error.code === "REQUEST_NOT_FOUND") return undefined;
      throw error;
    }
  };

  return {
    /** Shows what would be done, and does nothing. */
    async show(token: string, response: HttpResponse): Promise<void> {
      const linked = linkedBy(secret, token);
      if (!linked) return unknown(response);
      const interrupt = await waiting(linked);
      if (!interrupt) return over(response);
      const form = (action: string, label: string) =>
        `<form method="post" action="${escapeHtml(token)}/${action}"><button>${label}</button></form>`;
      const forms = [form("approve", "Approve"), form("deny", "Deny")].join("\n");
      send(response, 200, "a yes is needed", `${decisionOn(interrupt)}\n${forms}`);
    },

    async decide(
      token: string,
      action: "approve" | "deny",
      { id, http }: Received,
      response: HttpResponse,
    ): Promise<void> {
      const linked = linkedBy(secret, token);
      if (!linked) return unknown(response);
      const interrupt = await waiting(linked);
      if (!interrupt) return over(response);
      try {
        await overlord.answer({
          ...linked,
          action,
          userId: undefined,
          by: "link",
          ip: http.remoteAddress,
          isPrivate: false,
        });
      } catch (error) {
        // Somebody else was faster.
        if (error instanceof ApiError && (error.code === "CONFLICT" || error.code === "GONE"))
          return over(response);
        throw error;
      }
      const done = action === "approve" ? "approved" : "denied";
      send(response, 200, done, `${decisionOn(interrupt)}\n${paragraph(`It was ${done}. Reference: ${id}`)}`);
    },
  };
};
