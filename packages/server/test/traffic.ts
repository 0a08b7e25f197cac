/** Chats that never stop, through the proxy: for tests and the soak. */
export interface Traffic {
  /** Answers that came whole, so far. */
  readonly answered: number;
  /** Whatever a client would have to complain about, one line each. */
  readonly failures: readonly string[];
  /** Resolves when the last answer is there. */
  stop(): Promise<void>;
}

export interface TrafficOptions {
  /** Of the formation. */
  url: string;
  clientKey: string;
  /** Clients that chat by event streams, and those that want one JSON answer. Each has one request at a time. */
  streams: number;
  jsons: number;
  /** Least pause of a client between two chats. Default: none. */
  pauseMs?: number;
}

const chat = async (
  { url, clientKey }: TrafficOptions,
  client: string,
  stream: boolean,
  message: string,
): Promise<string | undefined> => {
  const response = await fetch(`${url}/v1/chat`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-muxi-client-key": clientKey,
      "x-muxi-user-id": client,
    },
    body: JSON.stringify({ message, stream, session_id: client }),
  });
  const text = await response.text();
  if (response.status !== 200) return `${response.status} ${text.slice(0, 200)}`;
  const whole = stream
    ? /\nevent: done\n/.test(text) && !/\nevent: error\n/.test(text)
    : /"success":true/.test(text);
  return whole ? undefined : `not whole: ${text.slice(-200)}`;
};

export const startTraffic = (options: TrafficOptions): Traffic => {
  const failures: string[] = [];
  let [answered, going] = [0, true];
  const client = async (name: string, stream: boolean): Promise<void> => {
    for (let number = 1; going; number += 1) {
      const startedAt = performance.now();
      const failure = await chat(options, name, stream, `Message ${number} of ${name}`).catch(
        (error: unknown) => String(error instanceof Error ? (error.cause ?? error) : error),
      );
      if (failure === undefined) answered += 1;
      else failures.push(`${name}, request ${number}: ${failure}`);
      const left = (options.pauseMs ?? 0) - (performance.now() - startedAt);
      if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
    }
  };
  const clients = [
    ...Array.from({ length: options.streams }, (_, index) => client(`stream-${index}`, true)),
    ...Array.from({ length: options.jsons }, (_, index) => client(`json-${index}`, false)),
  ];
  return {
    get answered() {
      return answered;
    },
    failures,
    async stop() {
      going = false;
      await Promise.all(clients);
    },
  };
};
