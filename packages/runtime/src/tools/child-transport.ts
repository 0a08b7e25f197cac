import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import {
  type JSONRPCMessage,
  ReadBuffer,
  serializeMessage,
  type Transport,
} from "@modelcontextprotocol/client";
import { asError } from "@muxi/http";
import { ServerLimitError, tooLarge } from "./bounded-fetch.ts";
import { createMessageMeter } from "./message-meter.ts";

export interface ChildOptions {
  command: string;
  args: readonly string[];
  /** The whole environment of the child. */
  env: Readonly<Record<string, string>>;
  cwd: string;
}

/** How long a server may take to exit after its input has ended, in milliseconds. */
const grace = 1_000;
/** Bytes that may wait for a server to read them. */
const mostUnread = 64 * 2 ** 20;
/** Characters of a server's error output to keep for error messages. */
const errorTail = 2_000;

/**
 * Descriptor 3 is a pipe whose other end only the formation holds. However the formation ends, the read returns and the
 * server's whole process group is killed: even after `kill -9` no orphans are left. Children that have left the group
 * (`setsid`) are found by the mark in their environment, where there is a `/proc`; again while more of them are forked.
 */
const guard = `mark=$1; shift
(
  read -r _ <&3
  for round in 1 2 3 4 5; do
    found=$(grep -lsaF -- "MUXI_MCP_PROCESS=$mark" /proc/[0-9]*/environ)
    [ -n "$found" ] || break
    for file in $found; do process=\${file#/proc/}; kill -KILL "\${process%/environ}"; done
  done
  kill -KILL 0
) >/dev/null 2>&1 &
export MUXI_MCP_PROCESS="$mark"
exec "$@" 3<&-`;

/**
 * Speaks MCP with a program over its standard input and output. The program ends with the formation. Needs `/bin/sh`.
 */
export class ChildTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #options: ChildOptions;
  readonly #buffer = new ReadBuffer();
  readonly #meter = createMessageMeter("line");
  #child: ChildProcess | undefined;
  #exited: Promise<unknown> | undefined;
  #errors = "";

  constructor(options: ChildOptions) {
    this.#options = options;
  }

  /** The last part of the program's error output. */
  get errorOutput(): string {
    return this.#errors.trim();
  }

  async start(): Promise<void> {
    const { command, args, env, cwd } = this.#options;
    const child = spawn("/bin/sh", ["-c", guard, "sh", randomUUID(), command, ...args], {
      cwd,
      env: { ...env },
      stdio: ["pipe", "pipe", "pipe", "pipe"],
      // A process group of its own, for the guard to kill.
      detached: true,
    });
    this.#child = child;
    this.#exited = once(child, "close");
    this.#exited.catch(() => {});
    child.on("exit", () => this.#lifeline()?.destroy());
    child.on("close", () => this.onclose?.());
    child.stdin?.on("error", (error) => this.onerror?.(error));
    this.#lifeline()?.on("error", (error) => this.onerror?.(error));
    child.stdout?.on("data", (bytes: Buffer) => this.#read(bytes));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-errorTail);
    });
    await once(child, "spawn");
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const stdin = this.#child?.stdin;
    if (!stdin?.writable) throw new Error("The server's process has ended");
    if (stdin.writableLength > mostUnread) {
      const error = new ServerLimitError(`the server has left ${mostUnread} bytes unread`);
      this.#giveUp(error);
      throw error;
    }
    await new Promise<void>((resolve, reject) => {
      stdin.write(serializeMessage(message), (error) => (error ? reject(error) : resolve()));
    });
  }

  async close(): Promise<void> {
    const { stdin, stdout, stderr } = this.#child ?? {};
    // Whatever it still says is for nobody: a flood of it must not hold up the end.
    stdout?.removeAllListeners("data").resume();
    stdin?.end();
    const exited = () => Promise.race([this.#exited, delay(grace, undefined, { ref: false })]);
    await exited();
    this.#lifeline()?.destroy();
    await exited();
    // A child of the server that nobody finds may hold its pipes open for ever.
    for (const pipe of [stdin, stdout, stderr]) pipe?.destroy();
  }

  #lifeline(): Duplex | undefined {
    const [, , , lifeline] = this.#child?.stdio ?? [];
    return lifeline as Duplex | undefined;
  }

  #read(bytes: Buffer): void {
    try {
      this.#append(bytes);
      for (let message = this.#buffer.readMessage(); message; message = this.#buffer.readMessage()) {
        this.onmessage?.(message);
      }
    } catch (error) {
      this.#giveUp(asError(error));
    }
  }

  #append(bytes: Buffer): void {
    const excess = this.#meter.excessAfter(bytes);
    if (excess !== undefined) throw tooLarge(excess);
    try {
      this.#buffer.append(bytes);
    } catch (cause) {
      throw new ServerLimitError("the server sent too long a message", { cause });
    }
  }

  #giveUp(error: Error): void {
    this.onerror?.(error);
    void this.close();
  }
}
