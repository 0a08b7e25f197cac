import { appendFile, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { type Rotation, rotate } from "./rotate.ts";

/** One management request (docs/spec/server-api.md "Logs and audit"). */
export interface AuditEntry {
  method: string;
  path: string;
  /** Id of the key that signed, if it is the server's own. Anything else that was sent there might be a secret. */
  auth_key?: string;
  remote_addr: string;
  status: number;
  duration_ms: number;
  error?: string;
}

export interface AuditLog {
  /** Resolves when the line is in the file. */
  write(entry: AuditEntry): Promise<void>;
}

const levelOf = (status: number): string => (status < 400 ? "info" : status < 500 ? "warn" : "error");

/** The audit trail, in JSON lines. */
export const createAuditLog = (file: string, rotation: Rotation | undefined, now: () => number): AuditLog => {
  let last: Promise<void> = mkdir(dirname(file), { recursive: true }).then(() => undefined);
  return {
    write(entry) {
      const line = JSON.stringify({
        time: new Date(now()).toISOString(),
        level: levelOf(entry.status),
        ...entry,
      });
      const append = async (): Promise<void> => {
        await appendFile(file, `${line}\n`, { mode: 0o600 });
        if (rotation) await rotate(file, rotation);
      };
      // One write at a time, so that rotation never coincides with a write.
      const written = last.then(append);
      last = written.catch(() => undefined);
      return written;
    },
  };
};
