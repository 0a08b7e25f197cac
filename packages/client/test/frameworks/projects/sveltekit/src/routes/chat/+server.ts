import { ask } from "../../../ask.ts";
import type { RequestHandler } from "./$types.js";

export const POST: RequestHandler = async ({ request }) => {
  const { message } = await request.json();
  const stream = ask(request.headers, message, request.signal);
  await stream.opened;
  return stream.toResponse();
};
