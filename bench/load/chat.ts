import type { Connection, HttpRequest } from "./connection.ts";

/** What came back for one chat. Times are in milliseconds from the moment the request was written. */
export interface Answer {
  /** Empty when all went well: the status is 2xx, the first token came and no error event. */
  problem: string;
  first: number;
  total: number;
  /** Number of the last token; -1 for none. */
  lastToken: number;
}

export interface ChatOptions {
  timeoutMs?: number;
  /** Called for each new token with its number and time. Costs time: leave it out where only the first matters. */
  onToken?: (token: number, at: number) => void;
}

/** The fake model's first token, in whatever a server wraps around it. */
const firstToken = "zq0";
const tokens = /zq(\d+) /g;
/** No token is longer, so that none is missed at the border of two pieces. */
const overlap = 16;
const errorEvent = '"type":"error"';
const excerptLength = 120;

/** Sends one request on an open connection and reads its answer to the end. */
export const chat = (
  connection: Connection,
  request: HttpRequest,
  { timeoutMs = 60_000, onToken }: ChatOptions = {},
): Promise<Answer> =>
  new Promise((resolve) => {
    const startedAt = performance.now();
    const since = () => performance.now() - startedAt;
    let status = 0;
    let first = 0;
    let lastToken = -1;
    let carry = "";
    let excerpt = "";

    const readTokens = (text: string) => {
      for (const match of text.matchAll(tokens)) {
        const token = Number(match[1]);
        // The border is read twice, and some servers repeat the whole text at the end.
        if (token <= lastToken) continue;
        lastToken = token;
        onToken?.(token, since());
      }
    };

    const settle = (problem: string) => resolve({ problem, first, total: since(), lastToken });

    connection.send(
      request,
      {
        head: (received) => {
          status = received;
        },
        body: (piece) => {
          const text = carry + piece.toString("latin1");
          carry = text.slice(-overlap);
          if (first === 0 && text.includes(firstToken)) first = since();
          if (status >= 300 || text.includes(errorEvent)) excerpt ||= text.slice(0, excerptLength);
          if (onToken) readTokens(text);
        },
        end: () => {
          if (status >= 300 || excerpt !== "") settle(`${status} ${excerpt}`);
          else settle(first > 0 ? "" : `${status} without a token`);
        },
        error: (reason) => settle(reason.message),
      },
      timeoutMs,
    );
  });
