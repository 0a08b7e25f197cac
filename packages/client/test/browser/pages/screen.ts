/** What every page of these tests has in common. Each is a program of its own, which Chromium loads. */
import { FormationClient } from "muxi-client";
import { type ComponentType, createElement, StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";

const parameters = new URLSearchParams(location.search);

/** The formation, behind the proxy that the test poisons. */
export const formation = new FormationClient({
  url: parameters.get("formation") ?? "",
  clientKey: parameters.get("key") ?? "",
  userId: "ann",
});

export const sessionId = "sess_page";

/** A chat on the screen. */
export interface Talking {
  lines: { id: string; line: string }[];
  status: string;
  error: Error | undefined;
  send(): unknown;
  stop(): unknown;
  retry(): unknown;
}

/** Shows the messages of a chat, its status, and a button for each action. */
export const view = ({ lines, status, error, send, stop, retry }: Talking, close: () => void) => {
  const sendAndClose = () => {
    send();
    close();
  };
  const actions = { Send: send, Stop: stop, Retry: retry, "Send and close": sendAndClose };
  return createElement(
    "section",
    null,
    createElement("output", { id: "status" }, error === undefined ? status : `${status}: ${error.message}`),
    createElement(
      "div",
      { id: "talk" },
      ...lines.map(({ id, line }) => createElement("p", { key: id }, line)),
    ),
    ...Object.entries(actions).map(([name, onClick]) =>
      createElement("button", { key: name, type: "button", onClick }, name),
    ),
  );
};

/** Renders a chat in React's strict mode, with a button that takes it off the screen and brings it back. */
export const show = (Talk: ComponentType<{ close: () => void }>): void => {
  const Page = () => {
    const [isOpen, setOpen] = useState(true);
    const close = () => setOpen(false);
    const onClick = () => setOpen(!isOpen);
    const toggle = createElement("button", { type: "button", onClick }, isOpen ? "Close" : "Open");
    return createElement("main", null, toggle, isOpen && createElement(Talk, { close }));
  };
  createRoot(document.body).render(createElement(StrictMode, null, createElement(Page)));
};
