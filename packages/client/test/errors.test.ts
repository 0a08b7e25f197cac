import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import * as ours from "../src/errors/errors.ts";
import { MuxiError, TimeoutError, WebhookVerificationError } from "../src/index.ts";

/** Another copy of the module, as a second bundle has it. */
const copy: typeof ours = await import(
  `${pathToFileURL(new URL("../src/errors/errors.ts", import.meta.url).pathname).href}?copy`
);

test("errors of another copy of the package are of the same classes", () => {
  expect(copy.MuxiError).not.toBe(MuxiError);
  const timeout = new copy.StreamIdleError("Silence");
  expect(timeout).toBeInstanceOf(MuxiError);
  expect(timeout).toBeInstanceOf(ours.ConnectionError);
  expect(timeout).toBeInstanceOf(TimeoutError);
  expect(timeout).not.toBeInstanceOf(ours.StreamTruncatedError);
  expect(timeout).not.toBeInstanceOf(ours.NotFoundError);
  expect(new ours.NotFoundError("No")).toBeInstanceOf(copy.NotFoundError);
});

test("other values and other packages' errors are none of this package", () => {
  const others = [undefined, null, "TimeoutError", {}, new Error("x"), new DOMException("x", "TimeoutError")];
  for (const other of others) {
    expect(other instanceof MuxiError).toBe(false);
    expect(other instanceof TimeoutError).toBe(false);
  }
});

test("a class that a program derives has only its own instances", () => {
  class PaymentError extends MuxiError {}
  expect(new PaymentError("x")).toBeInstanceOf(PaymentError);
  expect(new PaymentError("x")).toBeInstanceOf(MuxiError);
  expect(new MuxiError("x")).not.toBeInstanceOf(PaymentError);
  expect(new copy.MuxiError("x")).not.toBeInstanceOf(PaymentError);
});

test("the error of a webhook is one of this package, and its stack begins with its name", () => {
  const error = new WebhookVerificationError("The signature is wrong");
  expect(error).toBeInstanceOf(MuxiError);
  expect(error.stack).toMatch(/^WebhookVerificationError: The signature is wrong\n/);
});
