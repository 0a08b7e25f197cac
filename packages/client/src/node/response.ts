import type { Body } from "./exchange.ts";

const decoder = new TextDecoder();

/**
 * A web standard response that makes headers and body stream only when they are asked for: to make them for every
 * answer is most of what `fetch` costs.
 */
export class NodeResponse implements Response {
  readonly url: string;
  readonly status: number;
  readonly statusText: string;
  readonly redirected = false;
  readonly type = "default";
  readonly #fields: Record<string, string | string[] | undefined>;
  readonly #body: Body;
  #headers: Headers | undefined;
  #stream: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  #used = false;

  constructor(
    url: string,
    status: number,
    statusText: string,
    fields: Record<string, string | string[] | undefined>,
    body: Body,
  ) {
    this.url = url;
    this.status = status;
    this.statusText = statusText;
    this.#fields = fields;
    this.#body = body;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get headers(): Headers {
    if (this.#headers === undefined) {
      this.#headers = new Headers();
      for (const [name, value = []] of Object.entries(this.#fields)) {
        for (const each of [value].flat()) this.#headers.append(name, each);
      }
    }
    return this.#headers;
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#stream ??= new ReadableStream(
      {
        pull: async (controller) => {
          const piece = await this.#body.next();
          if (piece === undefined) controller.close();
          else controller.enqueue(piece);
        },
        cancel: () => this.#body.cancel(),
      },
      { highWaterMark: 0 },
    );
    return this.#stream;
  }

  get bodyUsed(): boolean {
    return this.#used || (this.#stream?.locked ?? false);
  }

  async text(): Promise<string> {
    return decoder.decode(await this.bytes());
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.bodyUsed || this.#stream) return this.#standard().bytes();
    this.#used = true;
    return this.#body.whole();
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.#standard().arrayBuffer();
  }

  async blob(): Promise<Blob> {
    return this.#standard().blob();
  }

  async formData(): Promise<FormData> {
    return this.#standard().formData();
  }

  clone(): Response {
    const [mine, other] = this.body.tee();
    this.#stream = mine;
    return new Response(other, this);
  }

  /** For the readings that nobody needs often. It also refuses a body that was read before. */
  #standard(): Response {
    if (this.#used) throw new TypeError("The body was read before");
    return new Response(this.body, this);
  }
}
