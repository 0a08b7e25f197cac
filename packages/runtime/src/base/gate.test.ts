import { expect, test } from "vitest";
import { createGate } from "./gate.ts";

test("some work goes on at a time, the rest follows in its order, also after a failure", async () => {
  const gate = createGate(2);
  const begun: string[] = [];
  const ends = new Map<string, { resolve(): void; reject(error: Error): void }>();
  const work = (name: string) =>
    gate(() => {
      begun.push(name);
      return new Promise<void>((resolve, reject) => ends.set(name, { resolve, reject }));
    });
  const [a, b, c, d] = ["a", "b", "c", "d"].map(work);
  expect(begun).toEqual(["a", "b"]);
  ends.get("b")?.reject(new Error("broken"));
  await expect(b).rejects.toThrow("broken");
  expect(begun).toEqual(["a", "b", "c"]);
  ends.get("c")?.resolve();
  await c;
  expect(begun).toEqual(["a", "b", "c", "d"]);
  for (const { resolve } of ends.values()) resolve();
  await Promise.all([a, d]);
  await expect(gate(async () => "e")).resolves.toBe("e");
});
