import type { Envelope } from "./events.ts";

/** How events are written; each only reshapes the envelope (docs/spec/formation-files.md "Event destinations"). */
export interface Format {
  contentType: string;
  /** Several events as one body. */
  batch(envelopes: readonly Envelope[]): string;
}

const lines = (items: readonly unknown[]) => items.map((item) => `${JSON.stringify(item)}\n`).join("");

/** `2026-01-31T08:00:00.000Z INFO request.completed key=value` */
const textOf = ({ timestamp, level, event, request, data }: Envelope): string => {
  const fields = Object.entries({
    request: request.id,
    user: request.user_id,
    session: request.session_id,
    ...data,
  })
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const line = [new Date(timestamp).toISOString(), level.toUpperCase(), event, ...fields].join(" ");
  return `${line.replaceAll(/[\r\n]+/g, " ")}\n`;
};

const nanoseconds = (milliseconds: number) => `${milliseconds}000000`;

const severities = { debug: 5, info: 9, warn: 13, error: 17 } as const;

const otlpString = (key: string, value: string) => ({ key, value: { stringValue: value } });

const formats = {
  jsonl: { contentType: "application/x-ndjson", batch: lines },

  text: { contentType: "text/plain; charset=utf-8", batch: (all) => all.map(textOf).join("") },

  datadog_json: {
    contentType: "application/json",
    batch: (all) =>
      JSON.stringify(
        all.map((envelope) => ({
          ddsource: "muxi",
          ddtags: `formation:${envelope.request.formation_id},event:${envelope.event}`,
          hostname: envelope.server,
          service: envelope.request.formation_id,
          status: envelope.level,
          timestamp: envelope.timestamp,
          message: JSON.stringify(envelope),
        })),
      ),
  },

  splunk_hec: {
    contentType: "application/json",
    batch: (all) =>
      lines(
        all.map((envelope) => ({
          time: envelope.timestamp / 1000,
          host: envelope.server,
          source: "muxi",
          sourcetype: "_json",
          event: envelope,
        })),
      ),
  },

  elastic_bulk: {
    contentType: "application/x-ndjson",
    batch: (all) =>
      lines(
        all.flatMap((envelope) => [
          { create: { _id: envelope.id } },
          { "@timestamp": new Date(envelope.timestamp).toISOString(), ...envelope },
        ]),
      ),
  },

  grafana_loki: {
    contentType: "application/json",
    batch: (all) =>
      JSON.stringify({
        streams: all.map((envelope) => ({
          stream: { source: "muxi", formation: envelope.request.formation_id, level: envelope.level },
          values: [[nanoseconds(envelope.timestamp), JSON.stringify(envelope)]],
        })),
      }),
  },

  newrelic_json: {
    contentType: "application/json",
    batch: (all) =>
      JSON.stringify([
        {
          common: { attributes: { logtype: "muxi" } },
          logs: all.map((envelope) => ({
            timestamp: envelope.timestamp,
            message: envelope.event,
            attributes: envelope,
          })),
        },
      ]),
  },

  opentelemetry: {
    contentType: "application/json",
    batch: (all) =>
      JSON.stringify({
        resourceLogs: [
          {
            resource: { attributes: [otlpString("service.name", all[0]?.request.formation_id ?? "muxi")] },
            scopeLogs: [
              {
                scope: { name: "muxi" },
                logRecords: all.map((envelope) => ({
                  timeUnixNano: nanoseconds(envelope.timestamp),
                  severityNumber: severities[envelope.level],
                  severityText: envelope.level.toUpperCase(),
                  eventName: envelope.event,
                  body: { stringValue: JSON.stringify(envelope) },
                  attributes: [otlpString("muxi.event", envelope.event)],
                })),
              },
            ],
          },
        ],
      }),
  },
} satisfies Record<string, Format>;

/** Undefined for a format that this version does not write. */
export const formatOf = (name: string): Format | undefined =>
  name in formats ? formats[name as keyof typeof formats] : undefined;
