import { createHmac } from "node:crypto";
import * as z from "zod";
import { parseObject } from "../base/index.ts";
import type { Hints, Owner, RequestRepository } from "../store/index.ts";
import { awaitsAnswerFor, dropQuestion, questionOf } from "./clarification.ts";
import type { Turn } from "./turn.ts";

export interface CredentialDialogueDeps {
  formationId: string;
  hints: Hints;
  /** The admin key. */
  secret: string;
  requests: Pick<RequestRepository, "awaiting" | "drop">;
  /** Stores a user's credential in the vault and replaces one that was typed before. */
  keep: (owner: Owner, service: string, value: Record<string, unknown>) => Promise<unknown>;
  /** Largest number of questions in one request. */
  maxAttempts: number;
  requireHttps: boolean;
  now: () => number;
}

/** How users give credentials in the chat (docs/spec/formation-files.md "User credentials"). */
export interface CredentialDialogue {
  /** Whether an agent may ask for one in this turn: the user must be there, and their connection private. */
  mayAsk(turn: Turn): boolean;
  /**
   * Inspects an incoming message. A credential that its session waits for goes to the vault, and a note replaces it
   * before any other part sees it.
   *
   * @returns The turn, and the request that it continues.
   * @throws ApiError `CONFLICT`, `VALIDATION_ERROR` when the vault refuses it
   */
  receive(turn: Turn, owner: Owner): Promise<{ turn: Turn; goesOn: string | undefined }>;
}

/** The question to the user. */
export const credentialQuestion = (service: string): string =>
  `To use ${service} I need your credential for it. Send it as your next message within five minutes: it is kept ` +
  "encrypted for you alone, and neither this conversation nor a model sees it.";

const shortest = 8;
const tokenLike = /^(?=.*\d)(?=.*[A-Za-z])[\w.\-+/=:~]{12,}$/;

/** The credential in a message; undefined when there is none. */
const credentialIn = (message: string): Record<string, unknown> | undefined => {
  const text = message.trim();
  const fields = parseObject(text);
  if (fields) return fields;
  const words = text.split(/\s+/);
  if (words.length === 1) return text.length >= shortest ? { token: text } : undefined;
  const [token, ...others] = words.filter((word) => tokenLike.test(word));
  return token !== undefined && others.length === 0 ? { token } : undefined;
};

/** What processes tell each other of a credential that was taken: from it nobody who reads the hints learns it. */
const takenSchema = z.object({ key: z.string(), service: z.string() });

export const createCredentialDialogue = (deps: CredentialDialogueDeps): CredentialDialogue => {
  const { formationId, hints, requests, now } = deps;

  /** The request of a session that waits for a credential, and the service that it is for. */
  const waiting = async (owner: Owner, sessionId: string) => {
    const request = await requests.awaiting(owner, sessionId);
    if (!request) return undefined;
    const { credential, until } = questionOf(request);
    return credential !== undefined && until > now() ? { request, service: credential } : undefined;
  };

  /** Credentials that were taken a short time ago: sent again, they are no messages either. */
  const taken = new Map<string, { service: string; until: number }>();
  const keyOf = ({ message, sessionId }: Turn, { userId }: Owner) =>
    createHmac("sha256", deps.secret)
      .update(JSON.stringify([userId, sessionId, message]))
      .digest("base64url");

  const withoutIt = (turn: Turn, service: string): Turn => ({
    ...turn,
    message: `(The user has given a credential for ${service}.)`,
  });

  const remember = (key: string, service: string) => {
    for (const [old, { until }] of taken) if (until < now()) taken.delete(old);
    taken.set(key, { service, until: now() + awaitsAnswerFor });
  };

  hints.listen("credential", formationId, (content) => {
    if (content === "") return;
    const { key, service } = takenSchema.parse(JSON.parse(content));
    remember(key, service);
  });

  return {
    mayAsk: ({ kind = "chat", isPrivate, questions = 0 }) =>
      kind === "chat" && questions < deps.maxAttempts && (isPrivate === true || !deps.requireHttps),

    async receive(turn, owner) {
      const asked = turn.sessionId === undefined ? undefined : await waiting(owner, turn.sessionId);
      const key = keyOf(turn, owner);
      const before = taken.get(key);
      if (!asked) return { turn: before ? withoutIt(turn, before.service) : turn, goesOn: undefined };
      const { request, service } = asked;
      const goesOn = turn.mayReply || turn.requestId === request.id;
      const value = credentialIn(turn.message);
      if (value) {
        remember(key, service);
        hints.send({ topic: "credential", formationId, content: JSON.stringify({ key, service }) });
        await deps.keep(owner, service, value);
      }
      if (!value || !goesOn) {
        await dropQuestion({ formationId, requests, now }, request, "The user went on with something else");
      }
      if (!value) return { turn, goesOn: undefined };
      return { turn: withoutIt(turn, service), goesOn: goesOn ? request.id : undefined };
    },
  };
};
