/** The way from a page to a formation through your own backend, which alone has the key. */

/** All that a page may call: chat, go on with an answer, stop it, read a session. */
const calls: readonly [method: string, path: RegExp][] = [
  ["POST", /^\/v1\/chat$/],
  ["GET", /^\/v1\/events\/(?!\.)[\w.:-]+\/(?!\.)[\w.:-]+$/],
  ["DELETE", /^\/v1\/requests\/(?!\.)[\w.:-]+$/],
  ["GET", /^\/v1\/sessions\/(?!\.)[\w.:-]+\/messages$/],
];

const passedOn = ["accept", "content-type", "last-event-id", "x-muxi-idempotency-key", "x-muxi-sdk"];
const passedBack = ["cache-control", "content-type", "retry-after", "x-muxi-request-id"];

const only = (headers: Headers, names: readonly string[]): [name: string, value: string][] =>
  [...headers].filter(([name]) => names.includes(name));

/**
 * Passes a page's call on, and the answer back as it comes.
 *
 * @param path From `/v1` on.
 * @param userId Who is signed in, as your own session says; undefined for nobody.
 */
export const forward = async (
  request: Request,
  path: string,
  userId: string | undefined,
): Promise<Response> => {
  if (userId === undefined) return new Response(null, { status: 401 });
  const { method, signal, headers, body, url } = request;
  if (!calls.some((call) => call[0] === method && call[1].test(path)))
    return new Response(null, { status: 404 });
  const { MUXI_FORMATION_URL, MUXI_CLIENT_KEY = "" } = process.env;
  const answer = await fetch(`${MUXI_FORMATION_URL}${path}${new URL(url).search}`, {
    method,
    headers: [...only(headers, passedOn), ["x-muxi-client-key", MUXI_CLIENT_KEY], ["x-muxi-user-id", userId]],
    ...(body && { body, duplex: "half" }),
    signal,
  });
  return new Response(answer.body, { status: answer.status, headers: only(answer.headers, passedBack) });
};
