import { FormationClient } from "muxi-client";
import { useChat } from "muxi-client/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

const query = new URLSearchParams(location.search);
// A test may have the key in its page; yours must not.
const formation = new FormationClient({
  url: query.get("formation") ?? "",
  clientKey: query.get("key") ?? "",
}).as("ann");

const Talk = () => {
  const { messages, status, send, stop } = useChat({ formation, storage: sessionStorage });
  return (
    <>
      <p id="status">{status}</p>
      <div id="talk">
        {messages.map(({ id, role, text }) => (
          <p key={id}>
            {role}: {text}
          </p>
        ))}
      </div>
      <button type="button" onClick={() => send("Tell me")}>
        Send
      </button>
      <button type="button" onClick={stop}>
        Stop
      </button>
    </>
  );
};

const root = document.getElementById("root");
if (root === null) throw new Error("The page has no root");
createRoot(root).render(
  <StrictMode>
    <Talk />
  </StrictMode>,
);
