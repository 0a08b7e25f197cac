import type { ChatEvent } from "muxi-client";
import { printable } from "../../terminal/index.ts";
import { type Colours, startSpinner } from "../../ui/index.ts";

/** Silence after which it is said who is waited for (docs/spec/cli.md "muxi chat"). */
const patienceMs = 10_000;

/** Says what an answer is waiting for, until there is something to read. */
export interface Waiting {
  /** Follows the answer. */
  happened(event: ChatEvent): void;
  stop(): void;
}

/** What happens after an event; undefined while the answer can be read. */
const stepAfter = (event: ChatEvent): string | undefined => {
  switch (event.type) {
    case "progress":
      return event.stage === undefined
        ? "Choosing who answers"
        : (event.content ?? `Asking ${event.agent_id ?? "the agent"}`);
    case "thinking":
      return "Thinking";
    case "planning":
      return "Planning";
    case "tool_call":
      return `Calling ${event.name}`;
    case "tool_result":
      return `Reading what ${event.name} returned`;
    default:
      return undefined;
  }
};

/**
 * @param draw Shows a status, or without one removes it.
 * @param modelOf Names the model of an agent.
 */
export const startWaiting = (
  draw: (status?: string) => void,
  colours: Colours,
  modelOf: (agentId: string | undefined) => Promise<string>,
): Waiting => {
  let agentId: string | undefined;
  let silentSince = performance.now();
  let model: string | undefined;
  const tools = new Map<string, string>();
  let spinner = startSpinner(draw, colours, "Sending");
  let isShown = true;

  const show = (step: string) => {
    if (isShown) spinner.show(step);
    else spinner = startSpinner(draw, colours, step);
    isShown = true;
  };
  const hide = () => {
    if (isShown) spinner.stop();
    isShown = false;
  };
  const tellOfSilence = async () => {
    if (performance.now() - silentSince < patienceMs) return;
    if (tools.size === 0) model ??= await modelOf(agentId);
    // Asking for its name took a while.
    const silentMs = performance.now() - silentSince;
    if (hasEnded || silentMs < patienceMs) return;
    const whom = tools.size > 0 ? [...tools.values()].join(", ") : model;
    show(printable(`Still waiting for ${whom}, ${Math.floor(silentMs / 1000)} s`));
  };
  let hasEnded = false;
  const timer = setInterval(() => void tellOfSilence(), 1000);

  return {
    happened(event) {
      silentSince = performance.now();
      if (event.type === "progress") agentId = event.agent_id ?? agentId;
      if (event.type === "tool_call") tools.set(event.id, event.name);
      if (event.type === "tool_result") tools.delete(event.id);
      const step = stepAfter(event);
      if (step === undefined) hide();
      else show(printable(step));
    },
    stop() {
      hasEnded = true;
      clearInterval(timer);
      hide();
    },
  };
};
