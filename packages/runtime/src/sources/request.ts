import { createWriteStream } from "node:fs";
import { Readable, Transform, type TransformCallback, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { systemCode } from "@muxi/formation";
import {
  createHttpClient,
  gunzipped,
  type HttpClient,
  type ProxyChoice,
  type ResponseHead,
  readRetryAfter,
} from "@muxi/http";
import { ForbiddenTargetError, guardedLookup, parseTarget, type TargetPolicy } from "../background/index.ts";
import { startTimeLimit } from "../base/index.ts";
import type { ShowAddress } from "./shown-address.ts";
import { SourceError } from "./source.ts";

/** A response whose body has not been read. */
export interface Opened {
  /** Where redirects have led. */
  url: URL;
  /** The same for users. */
  shown: string;
  status: number;
  headers: ReadonlyMap<string, string>;
  /** To be read to its end, or destroyed. */
  body: Readable;
}

type Headers = Readonly<Record<string, string>>;

export interface RequesterDeps {
  policy: TargetPolicy;
  proxy?: ProxyChoice | undefined;
  /** Of each request to the origin of the source, with whatever is secret. */
  headersOf: (url: URL) => Headers | Promise<Headers>;
  /** The only origin that gets them. */
  origin: string;
  shownAddress: ShowAddress;
  now: () => number;
}

/** Asks for documents over HTTP, and only at addresses that may be reached. */
export interface Requester {
  /**
   * Follows redirects. A status that is not a success is an error, but for 304, 404 and 410.
   *
   * @throws SourceError
   */
  open(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Opened>;
  close(): void;
}

const mostRedirects = 5;
/** How long to wait for the head of a response, in milliseconds. */
const longestHead = 30_000;
const told = new Set([304, 404, 410]);
const transientRefusals = new Set([408, 425, 429]);

const send = (http: HttpClient, url: URL, headers: Record<string, string>, signal: AbortSignal) =>
  new Promise<{ head: ResponseHead; body: Readable }>((resolve, reject) => {
    signal.throwIfAborted();
    const abort = () => body.destroy(signal.reason);
    const body = new Readable({
      read: () => pending.resume(),
      destroy(error, done) {
        signal.removeEventListener("abort", abort);
        pending.abort();
        done(error);
      },
    });
    // Whoever reads it finds the failure; until then nobody listens.
    body.on("error", reject);
    signal.addEventListener("abort", abort, { once: true });
    const pending = http.send(
      { method: "GET", url, headers, body: "" },
      {
        head: (head) => resolve({ head, body }),
        data(bytes) {
          if (!body.push(Buffer.from(bytes))) pending.pause();
        },
        end: () => void body.push(null),
        failed: (error) => void body.destroy(error),
      },
    );
  });

/** The failure of a request, as a source fails. */
const failureOf = (error: unknown, shown: string): SourceError => {
  if (error instanceof SourceError) return error;
  if (error instanceof ForbiddenTargetError) return new SourceError(`${shown}: ${error.message}`);
  const code = systemCode(error);
  return new SourceError(`${shown}: the connection failed${code === undefined ? "" : `: ${code}`}`, {
    isTransient: true,
  });
};

const refusalOf = ({ status, shown, headers }: Opened, now: number): SourceError => {
  const region = headers.get("x-amz-bucket-region");
  const remedy =
    region !== undefined && status !== 403
      ? `: the bucket is in another region, perhaps ${region}: write it as region of the source`
      : status === 401 || status === 403
        ? ": check auth of the source"
        : "";
  const retryAfter = readRetryAfter(headers.get("retry-after"), now);
  return new SourceError(`${shown}: the server answered ${status}${remedy}`, {
    isTransient: status >= 500 || transientRefusals.has(status),
    ...(retryAfter !== undefined && { retryAfter: retryAfter * 1000 }),
  });
};

export const createRequester = (deps: RequesterDeps): Requester => {
  const { policy, proxy, headersOf, origin, shownAddress, now } = deps;
  const http = createHttpClient({ lookup: guardedLookup(policy), proxy });

  const once = async (
    url: URL,
    given: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Opened> => {
    const limit = startTimeLimit(longestHead, signal);
    const shown = shownAddress(url);
    try {
      parseTarget(url.href, policy);
      const own = url.origin === origin ? await headersOf(url) : {};
      const headers = { "user-agent": "muxi", ...own, ...given };
      const { head, body } = await send(http, url, headers, limit.signal);
      return { url, shown, status: head.status, headers: new Map(head.headers), body };
    } catch (error) {
      signal.throwIfAborted();
      if (!limit.isOver) throw failureOf(error, shown);
      const message = `${shown}: the server did not answer within ${longestHead / 1000} s`;
      throw new SourceError(message, { isTransient: true });
    } finally {
      limit.end();
    }
  };

  return {
    async open(first, headers, signal) {
      let url = first;
      for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
        const opened = await once(url, headers, signal);
        const { status } = opened;
        if (status === 200 || told.has(status)) return opened;
        opened.body.destroy();
        const location = opened.headers.get("location");
        if (status < 300 || status >= 400 || location === undefined) throw refusalOf(opened, now());
        const next = URL.parse(location, url);
        if (!next) throw new SourceError(`${opened.shown}: it leads to an address that is none`);
        url = next;
      }
      throw new SourceError(`${shownAddress(first)}: it is redirected more than ${mostRedirects} times`);
    },
    close: () => http.close(),
  };
};

/** More than may be read of one document, or of one list of documents. */
export class TooLargeError extends Error {
  override readonly name = "TooLargeError";
}

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** Counts what passes, and lets no more than some bytes pass. */
class Meter extends Transform {
  size = 0;
  readonly #most: number;

  constructor(most: number) {
    super();
    this.#most = most;
  }

  override _transform(piece: Buffer, _: BufferEncoding, done: TransformCallback): void {
    this.size += piece.length;
    done(this.size > this.#most ? new TooLargeError() : null, piece);
  }
}

/** What unpacks a body that was packed for its way. */
const decodersOf = ({ shown, headers }: Opened): Transform[] => {
  const encoding = headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  const decoder = decoders[encoding];
  if (!decoder && encoding !== "identity" && encoding !== "") {
    throw new SourceError(`${shown}: it is encoded as ${encoding}, which was not asked for`);
  }
  return decoder ? [decoder()] : [];
};

/**
 * Reads a body, unpacked. Gives its size in bytes.
 *
 * @param open Opens what it is written to, when it is known that it can be unpacked.
 */
const read = async (
  opened: Opened,
  most: number,
  open: () => Writable,
  signal: AbortSignal,
): Promise<number> => {
  const meter = new Meter(most);
  try {
    await pipeline([opened.body, ...decodersOf(opened), meter, open()], { signal });
    return meter.size;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TooLargeError) throw error;
    throw failureOf(error, opened.shown);
  } finally {
    opened.body.destroy();
  }
};

/**
 * Writes a body to a file. Gives its size in bytes.
 *
 * @param most Bytes that it may have.
 * @throws TooLargeError, SourceError
 */
export const saveBody = (opened: Opened, file: string, most: number, signal: AbortSignal): Promise<number> =>
  read(opened, most, () => createWriteStream(file, { mode: 0o600 }), signal);

/**
 * A body as text; one that is a gzip file is unpacked, as sitemaps may be.
 *
 * @param most Bytes that it may have.
 * @throws TooLargeError, SourceError
 */
export const textOfBody = async (opened: Opened, most: number, signal: AbortSignal): Promise<string> => {
  const pieces: Buffer[] = [];
  const collect = new Writable({
    write(piece: Buffer, _, done) {
      pieces.push(piece);
      done();
    },
  });
  await read(opened, most, () => collect, signal);
  const bytes = Buffer.concat(pieces);
  const content = await gunzipped(bytes, bytes[0] === 0x1f && bytes[1] === 0x8b ? "gzip" : "", most);
  if (content === "large") throw new TooLargeError();
  if (typeof content === "string") throw new SourceError(`${opened.shown}: it is damaged`);
  return content.toString("utf8");
};
