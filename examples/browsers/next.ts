/** For Next.js: put it at `app/api/muxi/[...path]/route.ts`, with `forward.ts` beside it. */
import { forward } from "./forward.ts";

/** Who is signed in, as the session of your application says; undefined for nobody. */
type UserOf = (request: Request) => Promise<string | undefined>;

/** `export const { GET, POST, DELETE } = chatHandlers(async () => (await auth())?.user.id);` */
export const chatHandlers = (userOf: UserOf) => {
  const handle = async (request: Request): Promise<Response> => {
    const path = new URL(request.url).pathname.replace(/^\/api\/muxi/, "");
    return forward(request, path, await userOf(request));
  };
  return { GET: handle, POST: handle, DELETE: handle };
};
