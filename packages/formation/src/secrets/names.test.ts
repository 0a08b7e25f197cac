import { expect, test } from "vitest";
import { findSecretName, normalizeSecretName } from "./names.ts";

test.each([
  ["openai_api_key", "OPENAI_API_KEY"],
  ["my-api.key", "MY_API_KEY"],
  ["  __a  b__ ", "A_B"],
  ["key1", "KEY1"],
  ["--", ""],
])("%j is stored as %j", (name, stored) => {
  expect(normalizeSecretName(name)).toBe(stored);
});

test.each([
  ["github-token", ["GITHUB_TOKEN"], "GITHUB_TOKEN"],
  ["GitHubToken", ["GITHUB_TOKEN"], "GITHUB_TOKEN"],
  ["GitHubToken", ["GIT_HUB_TOKEN"], "GIT_HUB_TOKEN"],
  ["GitHubToken", ["GITHUB_TOKEN", "GITHUBTOKEN"], "GITHUBTOKEN"],
  ["GITHUBTOKEN", ["GITHUB_TOKEN"], undefined],
  ["other", ["GITHUB_TOKEN"], undefined],
])("%j among %j is %j", (reference, names, found) => {
  expect(findSecretName(names, reference)).toBe(found);
});
