import { FormationClient } from "muxi-client";

interface Bindings {
  MUXI_FORMATION_URL: string;
}

export default {
  async fetch(request: Request, { MUXI_FORMATION_URL: url }: Bindings): Promise<Response> {
    if (request.method !== "POST") return new Response("Ask with POST", { status: 405 });
    const { message } = await request.json();
    const formation = new FormationClient({ url, clientKey: request.headers.get("x-key") ?? "" });
    // Nothing of this runs once the client has gone, so the formation has to see to it.
    const stream = formation.chatStream(
      { message, on_disconnect: "cancel" },
      { userId: request.headers.get("x-user") ?? "" },
    );
    await stream.opened;
    return stream.toResponse();
  },
};
