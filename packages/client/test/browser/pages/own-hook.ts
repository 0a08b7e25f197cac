import { useChat } from "muxi-client/react";
import { formation, show, view } from "./screen.ts";

const Talk = ({ close }: { close: () => void }) => {
  const { messages, send, ...chat } = useChat({ formation, storage: sessionStorage });
  const lines = messages.map(({ id, role, text, unconfirmed }) => ({
    id,
    line: `${role}: ${text}${unconfirmed ? " (unconfirmed)" : ""}`,
  }));
  return view({ ...chat, lines, send: () => void send("Tell me") }, close);
};

show(Talk);
