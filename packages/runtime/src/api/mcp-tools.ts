import { headers, type Lazy, newId, type Route, type RouteId, routes } from "@muxi/protocol";
import * as z from "zod";
import { type Matched, type Received, withIdOf } from "./received.ts";

/** A call of the API as an MCP tool. */
export interface ApiTool {
  id: RouteId;
  name: string;
  description: string;
  /** JSON Schema of the arguments, which have the names they have over HTTP. */
  inputSchema: JsonSchema;
}

interface JsonSchema {
  [key: string]: unknown;
  type: "object";
  properties: Record<string, z.core.util.JSONType>;
  required: string[];
}

/** Names by which other runtimes know these calls (docs/spec/formation-api.md "MCP endpoint"). */
const knownNames: Readonly<Record<string, string>> = {
  audioChat: "audiochat",
  addMemory: "create_memory",
  addUserIdentifiers: "add_user_identifiers",
  clearUserBuffer: "clear_buffer_memory",
  fireTrigger: "execute_trigger",
  getApprovals: "list_approvals",
  getCredentialServices: "list_credential_services",
  getCredentials: "list_credentials",
  getIngestion: "get_ingestion_status",
  getMemories: "search_memories",
  getRequests: "list_requests",
  getRequest: "get_request_status",
  getSessions: "list_sessions",
  getSkills: "list_skills",
  getAgentSkills: "list_agent_skills",
  getSops: "list_sops",
  getTriggers: "list_triggers",
  getSchedulerJobs: "list_scheduler_jobs",
  getUserBuffer: "get_buffer_memory",
  lookUpUser: "lookup_user",
};

const nameOf = (id: string) =>
  knownNames[id] ?? id.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const userArgument = "X-Muxi-User-ID";

const objectSchema = z.object({
  properties: z.record(z.string(), z.json()).default({}),
  required: z.array(z.string()).default([]),
});

const writtenSchema = z.looseObject({
  $ref: z.string().optional(),
  $defs: z.record(z.string(), z.unknown()).default({}),
  anyOf: z.array(z.unknown()).default([]),
});

/** JSON Schema of a part of a request. Of several forms it is the first, which is the current one. */
const partOf = (schema: z.ZodType) => {
  const written = writtenSchema.parse(
    z.toJSONSchema(schema, { io: "input", unrepresentable: "any", reused: "inline" }),
  );
  const named = written.$ref === undefined ? undefined : written.$defs[written.$ref.replace("#/$defs/", "")];
  return { ...objectSchema.parse(named ?? written.anyOf[0] ?? written), $defs: written.$defs };
};

const schemaOf = (row: Route): JsonSchema => {
  const parts = [row.body, row.query, row.params].flatMap((schema) => (schema ? [partOf(schema())] : []));
  const properties = Object.assign({}, ...parts.map((part) => part.properties));
  const required = parts.flatMap((part) => part.required);
  const $defs = Object.assign({}, ...parts.map((part) => part.$defs));
  // A tool call has one result, which is not streamed.
  if (row.stream) delete properties.stream;
  if (row.user !== "none") {
    delete properties.user_id;
    properties[userArgument] = { type: "string", description: "The user that the call is for" };
    if (row.user !== "optional") required.push(userArgument);
  }
  return {
    type: "object",
    properties,
    required: [...new Set(required)],
    ...(Object.keys($defs).length > 0 && { $defs }),
  };
};

const isForClients = ({ key, stream, lines }: Route) =>
  (key === "client" || key === "either") && stream?.always !== true && !lines;

/** One tool for each call that a client may make and whose answer is not a stream. */
export const apiTools = (): ApiTool[] =>
  (Object.entries(routes) as [RouteId, Route][])
    .filter(([, row]) => isForClients(row))
    .map(([id, row]) => ({
      id,
      name: nameOf(id),
      description: row.summary,
      inputSchema: schemaOf(row),
    }));

/** The arguments that a schema has fields for, as text. */
const texts = (schema: Lazy<z.ZodObject> | undefined, args: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.keys(schema?.().shape ?? {}).flatMap((name) =>
      args[name] === undefined ? [] : [[name, String(args[name])]],
    ),
  );

/** The request that a tool call stands for, with the client key of the request that carried it. */
export const toolRequest = (
  id: RouteId,
  args: Readonly<Record<string, unknown>>,
  carrier: Received,
  requestId: string,
): Omit<Matched, "keyUsed"> => {
  const row: Route = routes[id];
  const { [userArgument]: user, ...fields } = args;
  const { [headers.adminKey]: _, ...sent } = carrier.headers;
  const params = texts(row.params, fields);
  const query = texts(row.query, fields);
  const body = Object.fromEntries(
    Object.entries(fields).filter(([name]) => !(name in params) && !(name in query)),
  );
  return {
    ...carrier,
    id: requestId,
    method: row.method,
    path: row.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? "")),
    params,
    query,
    headers: { ...sent, ...(typeof user === "string" && { [headers.userId]: user }) },
    body: row.body && (row.stream ? { ...body, stream: false } : body),
  };
};

/** The request that stops what a tool call has begun, for the same user. */
export const cancellationOf = (request: Omit<Matched, "keyUsed">): Omit<Matched, "keyUsed"> => {
  const { id } = withIdOf(request.body, request);
  const { method, path }: Route = routes.cancelRequest;
  return {
    ...request,
    id: newId("request"),
    method,
    path: path.replace("{request_id}", id),
    params: { request_id: id },
    query: {},
    body: undefined,
  };
};
