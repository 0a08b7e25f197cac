import {
  ApiError,
  errorEnvelope,
  headers,
  newId,
  openApi,
  type Route,
  type RouteId,
  routes,
} from "@muxi/protocol";
import { createRouter, type HttpRequest, type HttpResponse } from "../http/index.ts";
import type { HealthCheck, Hints } from "../store/index.ts";
import { addressOf } from "./address.ts";
import { readAsMeant, redirectOldCall } from "./aliases.ts";
import { type ApprovalPagesDeps, createApprovalPages } from "./approval-pages.ts";
import { allowOrigins } from "./cors.ts";
import { createListener, type Listener } from "./listener.ts";
import { createMcpEndpoint, refuseMcp } from "./mcp.ts";
import { createMcpGuard, type McpGuardOptions } from "./mcp-guard.ts";
import { docsPage, homePage } from "./page.ts";
import { answerJson, createPipeline, type PipelineDeps, sendText } from "./pipeline.ts";
import { type Matched, type Received, receive } from "./received.ts";

export interface AppDeps extends PipelineDeps, Omit<ApprovalPagesDeps, "secret"> {
  version: string;
  checkHealth: HealthCheck;
  hints: Hints;
  accessLog: boolean;
  mcp: McpGuardOptions;
}

type Handler = (routed: Received & Pick<Matched, "params">, response: HttpResponse) => Promise<void>;

const approvalPath = "/v1/approve/";

/** Builds the HTTP surface of a formation from the route table. */
export const createApp = (deps: AppDeps): Listener => {
  const { formationId, version, checkHealth, bodyLimit, now, log } = deps;
  const pipeline = createPipeline(deps);
  const router = createRouter<Handler>();

  const add = (method: Route["method"], path: string, handler: Handler) => {
    router.add(method, path, handler);
    // Node omits the body of a HEAD response.
    if (method === "GET") router.add("HEAD", path, handler);
  };
  for (const id of Object.keys(routes) as RouteId[]) {
    const { method, path, stream, lines }: Route = routes[id];
    const handler: Handler = (routed, response) => pipeline.answer(id, routed, response);
    // A stream without a body would never end, and lines would be made for nobody.
    if (stream?.always || lines) router.add(method, `/v1${path}`, handler);
    else add(method, `/v1${path}`, handler);
  }

  // Built on first use: it takes longer than the rest of the start.
  let description: ReturnType<typeof openApi> | undefined;
  add("GET", "/openapi.json", async (received, response) => {
    description ??= openApi({ title: `MUXI formation ${formationId}`, version });
    await answerJson(received, response, 200, { ...description, servers: [{ url: addressOf(received) }] });
  });
  const html = "text/html; charset=utf-8";
  add("GET", "/docs", async (_, response) => sendText(response, 200, html, docsPage(formationId)));
  for (const path of ["/", "/v1"]) {
    add("GET", path, async (_, response) => {
      const healthy = (await checkHealth()) === undefined;
      sendText(response, healthy ? 200 : 503, html, homePage(formationId, healthy));
    });
  }

  const approvals = createApprovalPages({ ...deps, secret: deps.keys.adminKey });
  add("GET", `${approvalPath}{token}`, ({ params: { token = "" } }, response) =>
    approvals.show(token, response),
  );
  for (const action of ["approve", "deny"] as const) {
    add("POST", `${approvalPath}{token}/${action}`, (routed, response) =>
      approvals.decide(routed.params.token ?? "", action, routed, response),
    );
  }

  const { admit, call } = pipeline;
  router.add(
    "POST",
    "/mcp",
    createMcpEndpoint({
      formationId,
      version,
      hints: deps.hints,
      admit,
      call,
      log,
      bodyLimit: bodyLimit("chat"),
    }),
  );
  const refusalOfMcp = createMcpGuard(deps.mcp);

  /** The request after aliases, and the route that its path matches. */
  const matched = (sent: Received) => {
    const received = readAsMeant(sent);
    const match = router.find(received.method, received.path);
    if (match && "value" in match) return { received, match };
    const redirected = redirectOldCall(received);
    return redirected
      ? { received: redirected, match: router.find(redirected.method, redirected.path) }
      : { received, match };
  };

  const handle = async (sent: Received, response: HttpResponse): Promise<void> => {
    const { received, match } = matched(sent);
    const { method, path } = received;
    if (match === undefined)
      throw new ApiError("RESOURCE_NOT_FOUND", `There is no ${method} ${path}: /docs lists the calls`);
    if ("value" in match) return match.value({ ...received, params: match.params }, response);
    response.setHeader("allow", match.allowed.join(", "));
    if (method !== "OPTIONS") {
      throw new ApiError(
        "METHOD_NOT_ALLOWED",
        `${path} does not support ${method}: use ${match.allowed.join(" or ")}`,
      );
    }
    response.writeHead(204).end();
  };

  const logAccess = ({ method, path: asked, receivedAt }: Received, response: HttpResponse): void => {
    // Whoever knows the link may decide.
    const path = asked.startsWith(approvalPath) ? `${approvalPath}{token}` : asked;
    const duration_ms = Math.round(performance.now() - receivedAt);
    const request_id = response.getHeader(headers.requestId);
    log.info({ request_id, method, path, status: response.statusCode, duration_ms }, "access");
  };

  const serve = (request: HttpRequest, response: HttpResponse): void => {
    const received = receive(request);
    response.setHeader(headers.requestId, received.id);
    if (deps.accessLog) response.on("close", () => logAccess(received, response));
    const refusal = received.path === "/mcp" ? refusalOfMcp(received.headers) : undefined;
    if (refusal !== undefined) refuseMcp(response, 403, refusal);
    else if (!allowOrigins(request, response))
      handle(received, response).catch((error: unknown) => pipeline.sendError(error, received, response));
  };

  return createListener(serve, (failure) =>
    JSON.stringify(errorEnvelope(failure, { requestId: newId("request"), idempotencyKey: null, now: now() })),
  );
};
