import { expect, test } from "vitest";
import { jobOrderIn, speaksOfJobs } from "./job-orders.ts";

const make = (schedule: string, message: string) => ({
  tool: "make_job",
  schedule,
  message: `Reminder: ${message}`,
});
const change = (action: string, job: string) => ({ tool: "change_job", job, action });

test.each([
  ["Remind me every weekday at 9 to check the stock.", make("every weekday at 9", "check the stock")],
  ["please remind me tomorrow at 8am to call Ada", make("tomorrow at 8am", "call Ada")],
  ["Remind me to call Ada in 20 minutes", make("in 20 minutes", "call Ada")],
  [
    "Can you remind me to look at the plums every Friday at 3pm?",
    make("every Friday at 3pm", "look at the plums"),
  ],
  ["What have I scheduled?", { tool: "list_jobs" }],
  ["list my reminders", { tool: "list_jobs" }],
  ["Cancel the second one", change("delete", "2")],
  ["pause it", change("pause", "")],
  ["Resume job 3", change("resume", "3")],
])("%j is an order", (message, order) => expect(jobOrderIn(message)).toEqual(order));

test.each([
  "Remind me",
  "Remind me to call Ada",
  "Cancel my order 1017 please",
  "I have a job in Kent",
  "pause",
])("%j is none that could be carried out", (message) =>
  expect(["make_job", "list_jobs"]).not.toContain(jobOrderIn(message)?.tool),
);

test.each([
  "Erinnere mich jeden Montag um 9 an den Müll",
  "Rappelle-moi demain",
  "Recuérdame regar cada viernes",
  "毎日9時に教えて",
  "Напомни мне завтра",
])("%j may be about jobs", (message) => expect(speaksOfJobs(message)).toBe(true));

test("an ordinary message is not about jobs", () => {
  expect(speaksOfJobs("When do I prune the apple trees?")).toBe(false);
});
