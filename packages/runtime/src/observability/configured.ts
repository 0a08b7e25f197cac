import path from "node:path";
import type { Manifest } from "@muxi/formation";
import { lazy } from "@muxi/protocol";
import * as z from "zod";
import { fileDestination, httpDestination, stdoutDestination } from "./destinations.ts";
import { formatOf } from "./formats.ts";
import type { Destination, Observability } from "./observability.ts";

type Stream = Manifest["logging"]["conversation"]["streams"][number];

export interface ConfiguredDeps {
  logging: Manifest["logging"];
  /** The formation's folder, which paths are relative to. */
  dir: string;
  output: { write(text: string): unknown };
  log: { warn(details: object, message: string): void };
}

const text = z.string();

const authSchema = lazy(() =>
  z.discriminatedUnion("type", [
    z.looseObject({ type: z.literal("none") }),
    z.looseObject({ type: z.enum(["bearer", "token"]), token: text }),
    z.looseObject({ type: z.literal("basic"), username: text, password: text }),
    z.looseObject({ type: z.literal("api_key"), key: text, header: text.default("X-API-Key") }),
    z.looseObject({ type: z.literal("custom"), headers: z.record(text, text) }),
  ]),
);

/** The headers of an authentication; undefined for a kind that this version does not support. */
const headersOf = (auth: Stream["auth"]): Record<string, string> | undefined => {
  const { success, data } = authSchema().safeParse(auth ?? { type: "none" });
  if (!success) return undefined;
  switch (data.type) {
    case "none":
      return {};
    case "bearer":
      return { authorization: `Bearer ${data.token}` };
    case "token":
      return { authorization: `Token ${data.token}` };
    case "basic":
      return {
        authorization: `Basic ${Buffer.from(`${data.username}:${data.password}`).toString("base64")}`,
      };
    case "api_key":
      return { [data.header]: data.key };
    case "custom":
      return data.headers;
  }
};

const isHttp = ({ protocol, destination = "" }: Stream) =>
  protocol === undefined ? /^https?:/.test(destination) : /^(http|https|webhook)$/.test(protocol);

/** The id of a stream, made up where the manifest gives none. */
export const streamId = ({ id, transport }: Stream, index: number) => id ?? `${transport}-${index + 1}`;

const open = (stream: Stream, id: string, { dir, output, log }: ConfiguredDeps): Destination | undefined => {
  const format = formatOf(stream.format);
  const headers = headersOf(stream.auth);
  const { destination = "" } = stream;
  if (!format || !headers) return undefined;
  if (stream.transport === "stdout") return stdoutDestination({ id, format, log }, output);
  if (stream.transport === "file")
    return fileDestination({ id, format, log }, path.resolve(dir, destination));
  if (stream.transport === "stream" && isHttp(stream))
    return httpDestination({ id, format, log }, destination, headers);
  return undefined;
};

/** Sends events where `logging.conversation` says (docs/spec/formation-files.md "Event destinations"). */
export const addConfigured = (observability: Observability, deps: ConfiguredDeps): void => {
  const { conversation } = deps.logging;
  if (!conversation.enabled) return;
  for (const [index, stream] of conversation.streams.entries()) {
    if (!stream.enabled) continue;
    const id = streamId(stream, index);
    const destination = open(stream, id, deps);
    if (destination) observability.add(destination, stream);
    else {
      const { transport, format, protocol } = stream;
      deps.log.warn(
        { destination: id, transport, format, protocol },
        "this version does not support this log destination: it is skipped",
      );
    }
  }
};
