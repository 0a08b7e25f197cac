import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { isGone, newLeaseOwner } from "./lease.ts";

const [place = "", , begin = ""] = newLeaseOwner().split(":");

test("this process is there, and so is a running child", () => {
  const child = spawn("sleep", ["60"]);
  onTestFinished(() => void child.kill());
  expect(isGone(newLeaseOwner())).toBe(false);
  expect(isGone(`${place}:${child.pid}::x`)).toBe(false);
});

test("a process that has ended is gone, also when its id is another one's by now", async () => {
  const child = spawn("true");
  await once(child, "exit");
  expect(isGone(`${place}:${child.pid}:${begin}:x`)).toBe(true);
  expect(isGone(`${place}:${process.pid}:1:x`)).toBe(true);
});

test("of processes elsewhere nobody knows", async () => {
  const child = spawn("true");
  await once(child, "exit");
  expect(isGone(`elsewhere:${child.pid}:${begin}:x`)).toBe(false);
});
