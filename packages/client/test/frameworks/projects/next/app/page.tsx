"use client";
import { FormationClient } from "muxi-client";
import { useChat } from "muxi-client/react";

const formation = new FormationClient({ url: "http://127.0.0.1:1/api" }).as("ann");

/** Is rendered on the server, where there is no storage, during the build. */
export default function Page() {
  const { status, send } = useChat({ formation });
  return (
    <button type="button" onClick={() => send("Tell me")}>
      {status}
    </button>
  );
}
