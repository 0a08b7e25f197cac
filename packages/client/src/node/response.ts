const decoder = new TextDecoder();

type Bytes = Uint8Array<ArrayBuffer>;

/** The result of a read. */
export type Chunk = ReadableStreamReadResult<Buffer<ArrayBuffer>>;

/** The body of a response, for one reader. */
export interface Body {
  /** What has arrived since the last read, or else the next chunk. Rejects when the response broke off. */
  read(): Promise<Chunk>;
  /** The whole body. Rejects when the response broke off. */
  whole(): Promise<Buffer<ArrayBuffer>>;
  /** Closes the connection. */
  cancel(): void;
}

/**
 * The body as a stream. Its default reader bypasses the stream's own queue, which would cost several promises per
 * chunk.
 */
class BodyStream extends ReadableStream<Bytes> {
  readonly #read: () => Promise<Chunk>;

  constructor(body: Body) {
    let ended = false;
    let onEnd = () => {};
    let onBreak = (_error: unknown) => {};
    super(
      {
        start(controller) {
          onEnd = () => controller.close();
          onBreak = (error) => controller.error(error);
        },
        async pull(controller) {
          const { done, value } = await body.read();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel() {
          ended = true;
          body.cancel();
        },
      },
      { highWaterMark: 0 },
    );
    const onChunk = (chunk: Chunk) => {
      if (chunk.done && !ended) onEnd();
      ended = chunk.done;
      return chunk;
    };
    const onFailure = (error: unknown) => {
      onBreak(error);
      throw error;
    };
    this.#read = () =>
      ended ? Promise.resolve({ done: true, value: undefined }) : body.read().then(onChunk, onFailure);
  }

  override getReader(options: { mode: "byob" }): ReadableStreamBYOBReader;
  override getReader(): ReadableStreamDefaultReader<Bytes>;
  override getReader(options?: ReadableStreamGetReaderOptions): ReadableStreamReader<Bytes>;
  override getReader(options?: ReadableStreamGetReaderOptions): ReadableStreamReader<Bytes> {
    // Throws, because this is not a readable byte stream.
    if (options?.mode !== undefined) return super.getReader(options);
    const reader = super.getReader();
    reader.read = this.#read;
    return reader;
  }
}

/**
 * A web standard response that creates its headers and its body stream only when they are used: creating them for every
 * response is most of the cost of `fetch`.
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
  #stream: ReadableStream<Bytes> | undefined;
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

  get body(): ReadableStream<Bytes> {
    this.#stream ??= new BodyStream(this.#body);
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

  /** For the rarely used ways to read the body. Throws when the body was read before. */
  #standard(): Response {
    if (this.#used) throw new TypeError("The body was read before");
    return new Response(this.body, this);
  }
}
