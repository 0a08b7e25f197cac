import { expect, test } from "vitest";
import { brief, manifest, reportOf } from "./folder.ts";

const reason =
  "restricts who may do what, which this runtime cannot enforce, so the formation does not start";

test.each<[string, Record<string, string>, string[]]>([
  ["rbac", { "formation.afs": manifest("rbac: { active: true }") }, ["formation.afs → rbac"]],
  [
    "rbac by its fallback",
    { "formation.afs": manifest("rbac: { fallback: guests }") },
    ["formation.afs → rbac"],
  ],
  [
    "middleware",
    { "formation.afs": manifest("middleware: { url: 'https://example.com/check' }") },
    ["formation.afs → middleware"],
  ],
  ["groups in the manifest", { "formation.afs": manifest("groups: [staff]") }, ["formation.afs → groups"]],
  [
    "a group, each by its file",
    {
      "formation.afs": manifest(),
      "groups/staff.yaml": "agents: '*'\n",
      "groups/more/x.afs": "agents: []\n",
    },
    ["groups/more/x.afs", "groups/staff.yaml"],
  ],
  [
    "groups that rbac finds by itself",
    { "formation.afs": manifest("rbac: { active: auto }"), "groups/staff.yaml": "agents: '*'\n" },
    ["formation.afs → rbac", "groups/staff.yaml"],
  ],
  [
    "a group that cannot be read",
    { "formation.afs": manifest(), "groups/staff.yaml": "agents: [\n" },
    ["groups/staff.yaml"],
  ],
])("%s prevents the start", async (_, files, places) => {
  const { errors } = await reportOf(files);
  expect(brief(errors)).toEqual(places.map((place) => `${place}: ${reason}`));
  for (const { hint } of errors) expect(hint).toContain("active: false");
});

test.each<[string, Record<string, string>]>([
  [
    "rbac: { active: false } with groups",
    { "formation.afs": manifest("rbac: { active: false }"), "groups/a.afs": "x: 1" },
  ],
  ["rbac: false", { "formation.afs": manifest("rbac: false") }],
  ["rbac: { active: auto } without groups", { "formation.afs": manifest("rbac: { active: auto }") }],
  ["middleware that is switched off", { "formation.afs": manifest("middleware: { active: false, url: x }") }],
  [
    "a group that is switched off",
    { "formation.afs": manifest(), "groups/a.afs": "active: false\nagents: []\n" },
  ],
  [
    "a folder without groups",
    { "formation.afs": manifest(), "groups/.gitkeep": "", "groups/README.md": "None" },
  ],
])("%s starts", async (_, files) => {
  expect((await reportOf(files)).errors).toEqual([]);
});

test("rules that are not enforced are warned of", async () => {
  const { errors, warnings } = await reportOf({
    "formation.afs": manifest(),
    "skills/s/SKILL.md": "---\ndescription: d\nallowed-tools: Read\n---\n",
    "skills/t/SKILL.md": "---\ndescription: d\n---\n",
    "sops/pay.md": "---\ntype: sop\nbypass_approval: false\n---\n1. Pay\n",
    "sops/look.md": "---\ntype: sop\nbypass_approval: true\n---\n1. Look\n",
  });
  expect(errors).toEqual([]);
  expect(brief(warnings)).toEqual([
    "skills/s/SKILL.md → allowed-tools: is not enforced: agents can use all of their tools",
  ]);
});

test("a procedure that waits for a yes has steps that can", async () => {
  const { errors } = await reportOf({
    "formation.afs": manifest(),
    "sops/guide.md": "---\ntype: sop\nmode: guide\nbypass_approval: false\n---\n1. Pay\n",
    "sops/none.md": "---\ntype: sop\nbypass_approval: false\n---\nPay.\n",
    "sops/pay.md": "---\ntype: sop\nbypass_approval: false\n---\n1. Pay\n",
    "sops/wrong.md": "---\ntype: sop\nmode: guide\nbypass_approval: sometimes\n---\n1. Pay\n",
  });
  const reason = "cannot be enforced: only steps that are carried out as they are written can wait for a yes";
  expect(brief(errors)).toEqual(
    ["guide", "none", "wrong"].map((name) => `sops/${name}.md → bypass_approval: ${reason}`),
  );
});
