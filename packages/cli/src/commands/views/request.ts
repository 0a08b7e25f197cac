import type { RequestList, RequestStatus } from "muxi-client";
import { at } from "../../ui/index.ts";
import { listing, short, type ViewContent } from "./content.ts";

const tokensText = ({ usage }: RequestStatus): string => {
  if (!usage) return "";
  const { input_tokens: input, output_tokens: output, cached_tokens: cached } = usage;
  return `${input} in${cached ? ` (${cached} cached)` : ""}, ${output} out`;
};

const tookText = ({ duration_ms: took }: RequestStatus): string =>
  took === undefined ? "" : took < 1000 ? `${took} ms` : `${(took / 1000).toFixed(1)} s`;

/** `muxi requests`. */
export const requestList = (data: RequestList): ViewContent => {
  const row = (request: RequestList["requests"][number]) => [
    request.request_id,
    request.user_id,
    request.status,
    at(request.created_at),
    request.interrupt ? short(request.interrupt.prompt) : "-",
  ];
  return listing(
    data,
    data.requests,
    ["REQUEST", "USER", "STATUS", "BEGUN", "WAITS FOR"],
    row,
    "No requests",
  );
};

/** `muxi requests <request>` (docs/spec/cli.md "Views of a running formation"). */
export const oneRequest = (request: RequestStatus): ViewContent => {
  const { result, clarification, interrupt } = request;
  return {
    data: request,
    fields: {
      Request: request.request_id,
      Kind: request.kind,
      User: request.user_id,
      Session: request.session_id,
      Status: request.status,
      Begun: at(request.created_at),
      Ended: request.completed_at === undefined ? "" : at(request.completed_at),
      Took: tookText(request),
      Agent: request.agent_id ?? "",
      Model: request.model ?? "",
      Tokens: tokensText(request),
      Error: request.error ?? "",
      Question: clarification?.question ?? "",
      "Waits for": interrupt?.kind ?? "",
    },
    lines: result === undefined || result === "" ? [] : ["", ...result.split("\n")],
  };
};
