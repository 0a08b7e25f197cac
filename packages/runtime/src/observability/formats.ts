import type { EventRecord } from "./events.ts";

/** How events are written. Each format only reshapes the record (docs/spec/formation-files.md "Event destinations"). */
export interface Format {
  contentType: string;
  /** Writes several events as one body. */
  batch(records: readonly EventRecord[]): string;
}

const lines = (items: readonly unknown[]) => items.map((item) => `${JSON.stringify(item)}\n`).join("");

/** `2026-01-31T08:00:00.000Z INFO request.completed key=value` */
const textOf = ({ timestamp, level, event, request, data }: EventRecord): string => {
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
        all.map((record) => ({
          ddsource: "muxi",
          ddtags: `formation:${record.request.formation_id},event:${record.event}`,
          hostname: record.server,
          service: record.request.formation_id,
          status: record.level,
          timestamp: record.timestamp,
          message: JSON.stringify(record),
        })),
      ),
  },

  splunk_hec: {
    contentType: "application/json",
    batch: (all) =>
      lines(
        all.map((record) => ({
          time: record.timestamp / 1000,
          host: record.server,
          source: "muxi",
          sourcetype: "_json",
          event: record,
        })),
      ),
  },

  elastic_bulk: {
    contentType: "application/x-ndjson",
    batch: (all) =>
      lines(
        all.flatMap((record) => [
          { create: { _id: record.id } },
          { "@timestamp": new Date(record.timestamp).toISOString(), ...record },
        ]),
      ),
  },

  grafana_loki: {
    contentType: "application/json",
    batch: (all) =>
      JSON.stringify({
        streams: all.map((record) => ({
          stream: { source: "muxi", formation: record.request.formation_id, level: record.level },
          values: [[nanoseconds(record.timestamp), JSON.stringify(record)]],
        })),
      }),
  },

  newrelic_json: {
    contentType: "application/json",
    batch: (all) =>
      JSON.stringify([
        {
          common: { attributes: { logtype: "muxi" } },
          logs: all.map((record) => ({
            timestamp: record.timestamp,
            message: record.event,
            attributes: record,
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
                logRecords: all.map((record) => ({
                  timeUnixNano: nanoseconds(record.timestamp),
                  severityNumber: severities[record.level],
                  severityText: record.level.toUpperCase(),
                  eventName: record.event,
                  body: { stringValue: JSON.stringify(record) },
                  attributes: [otlpString("muxi.event", record.event)],
                })),
              },
            ],
          },
        ],
      }),
  },
} satisfies Record<string, Format>;

/** The format of a name; undefined when this version does not support it. */
export const formatOf = (name: string): Format | undefined =>
  name in formats ? formats[name as keyof typeof formats] : undefined;
