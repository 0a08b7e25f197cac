import { ask } from "../../ask";

export async function POST(request: Request): Promise<Response> {
  const { message } = await request.json();
  const stream = ask(request.headers, message, request.signal);
  await stream.opened;
  return stream.toResponse();
}
