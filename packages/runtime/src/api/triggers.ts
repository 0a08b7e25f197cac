import { type Formation, readTrigger, triggerNamePattern, triggerNames } from "@muxi/formation";
import { ApiError, triggerRequestSchema } from "@muxi/protocol";
import { callerSpanOf } from "../base/index.ts";
import type { Overlord, Turn } from "../overlord/index.ts";
import { dataFieldsOf, renderTemplate } from "../triggers/index.ts";
import { type Endpoints, Reply, validated } from "./endpoint.ts";
import { checkFormat } from "./format.ts";
import { idempotencyOf } from "./idempotency.ts";

interface TriggerDeps {
  formation: Pick<Formation, "id" | "dir" | "manifest">;
  overlord: Overlord;
  /** Characters (docs/spec/formation-files.md "Manifest: input_limits"). */
  longestMessage: number;
}

const wrapperKeys = new Set(["data", "session_id", "use_async", "format"]);

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** With the query `async`, published SDKs send the data itself as the body (docs/spec/formation-api.md "Triggers"). */
const readBody = (fields: Record<string, unknown>, isAsync: boolean | undefined) => {
  const isWrapper = isMap(fields.data) && Object.keys(fields).every((key) => wrapperKeys.has(key));
  const isBare = isAsync !== undefined && !isWrapper;
  const { data, session_id, use_async, format } = validated(
    triggerRequestSchema(),
    isBare ? { data: fields } : fields,
  );
  return { data, sessionId: session_id ?? undefined, inBackground: isAsync ?? use_async, format };
};

const checkName = (name: string) => {
  if (triggerNamePattern.test(name)) return;
  throw new ApiError("INVALID_REQUEST", "A trigger's name may contain only letters, digits, _ and -");
};

/** The endpoints of docs/spec/formation-api.md "Triggers". Files are read for each call, since they may change. */
export const triggerEndpoints = ({ formation, overlord, longestMessage }: TriggerDeps) => {
  const find = async (name: string, missing: "TRIGGER_NOT_FOUND" | "RESOURCE_NOT_FOUND") => {
    checkName(name);
    const trigger = await readTrigger(formation.dir, name, formation.manifest.llm.aliases);
    if (!trigger) throw new ApiError(missing, `Trigger '${name}' not found: GET /v1/triggers lists them`);
    if ("problem" in trigger) {
      throw new ApiError("INVALID_REQUEST", `Trigger '${name}' cannot be used: ${trigger.problem}`);
    }
    return trigger;
  };

  return {
    async getTriggers() {
      const triggers = await triggerNames(formation.dir);
      return { formation_id: formation.id, triggers, count: triggers.length };
    },

    async getTrigger({ params: { name } }) {
      const { content } = await find(name, "TRIGGER_NOT_FOUND");
      return { name, content, data_fields: dataFieldsOf(content) };
    },

    async fireTrigger({ params: { name }, query, body, userId, request }) {
      const trigger = await find(name, "RESOURCE_NOT_FOUND");
      const { data, sessionId, inBackground, format } = readBody(body.fields, query.async);
      checkFormat(format);
      const message = renderTemplate(name, trigger.content, data, longestMessage);
      if (message.trim() === "") {
        throw new ApiError("INVALID_REQUEST", `Trigger '${name}' makes an empty message of this data`);
      }
      const { model, webhook } = trigger;
      const isAsync = inBackground === true || webhook !== undefined;
      const turn: Turn = {
        requestId: request.id,
        userId,
        message,
        kind: "trigger",
        sessionId,
        format,
        idempotency: idempotencyOf(request),
        caller: callerSpanOf(request.headers.traceparent, { waits: !isAsync }),
        ...(model !== undefined && { model }),
      };
      if (isAsync) {
        // An earlier call with the same idempotency key had another request id.
        const requestId = await overlord.submit({ ...turn, webhookUrl: webhook });
        return new Reply({ status: "processing" as const, request_id: requestId }, requestId);
      }
      const { message: answer, session_id, request_id } = await (await overlord.chat(turn)).result;
      const { content, object, metadata } = answer;
      const { citations } = metadata;
      return new Reply(
        {
          status: "completed" as const,
          content,
          response: content,
          ...(object !== undefined && { object }),
          ...(citations && { metadata: { citations } }),
          request_id,
          session_id,
        },
        request_id,
      );
    },
  } satisfies Partial<Endpoints>;
};
