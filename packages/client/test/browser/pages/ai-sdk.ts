/** Bundled twice: with the hook of this version of the AI SDK, and with that of the version before. */
import { useChat } from "@ai-sdk/react";
import { createChatTransport, toUIMessages } from "muxi-client/ai-sdk";
import { formation, sessionId, show, view } from "./screen.ts";

const transport = createChatTransport({ formation, storage: sessionStorage });
const earlier = toUIMessages(await formation.getSessionMessages({ sessionId }));

const Talk = ({ close }: { close: () => void }) => {
  const options = { id: sessionId, transport, messages: earlier, resume: true };
  const { messages, sendMessage, status, error } = useChat(options);
  const lines = messages.map(({ id, role, parts }) => ({
    id,
    line: `${role}: ${parts.map((part) => (part.type === "text" ? part.text : "")).join("")}`,
  }));
  const send = () => void sendMessage({ text: "Tell me" });
  const stop = () => void transport.stop(sessionId);
  return view({ lines, status, error, send, stop, retry: send }, close);
};

show(Talk);
