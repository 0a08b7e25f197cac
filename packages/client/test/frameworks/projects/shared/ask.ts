import { type ChatStream, FormationClient } from "muxi-client";

/** Asks the formation. Key and user come with the request, so that a test can choose them. */
export const ask = (
  headers: Headers,
  message: string,
  signal: AbortSignal,
  url: string | undefined = process.env.MUXI_FORMATION_URL,
): ChatStream => {
  const formation = new FormationClient({ url, clientKey: headers.get("x-key") ?? "" });
  return formation.chatStream({ message }, { userId: headers.get("x-user") ?? "", signal });
};
