import { hostname } from "node:os";
import { newId } from "@muxi/protocol";

/** Names this process as the holder of leases: `<host>:<pid>:<random>`. */
export const newLeaseOwner = (): string => `${hostname()}:${process.pid}:${newId("event")}`;

/** Whether a holder was a process of this machine that is gone. Of other machines nobody knows: false. */
export const isGone = (leaseOwner: string): boolean => {
  const [, host, pid] = /^(.*):(\d+):[^:]*$/.exec(leaseOwner) ?? [];
  if (host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
};
