import { type Route, routes } from "@muxi/protocol";

export const escapeHtml = (text: string) =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");

export const page = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 10vh auto; padding: 0 1rem; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  td { padding: 0.2rem 1rem 0.2rem 0; vertical-align: top; }
  @media (prefers-color-scheme: dark) { body { background: #111; color: #eee; } a { color: #8cf; } }
</style>
${body}
</html>
`;

/** The page at the root of a running formation. */
export const homePage = (formationId: string, isHealthy: boolean): string => {
  const state = isHealthy ? "Up" : "Down";
  return page(
    `${formationId} is ${state.toLowerCase()}`,
    `<h1>${escapeHtml(formationId)}: ${state}</h1>
<p>This is a MUXI formation. Programs talk to it under <code>v1/</code>: see <a href="docs">its calls</a>, or the
<a href="openapi.json">OpenAPI document</a>.</p>`,
  );
};

const keyNames = { none: "none", client: "client", admin: "admin", either: "client or admin" } as const;

/** The page that lists every call of the API. */
export const docsPage = (formationId: string): string => {
  const rows = Object.values<Route>(routes);
  const tables = [...new Set(rows.map(({ tag }) => tag))].map((tag) => {
    const group = rows.filter((row) => row.tag === tag);
    const lines = group.map(
      ({ method, path, key, summary }) =>
        `<tr><td><code>${method} /v1${escapeHtml(path)}</code><td>${keyNames[key]}<td>${escapeHtml(summary)}`,
    );
    return `<h2>${escapeHtml(tag)}</h2>\n<table>\n<tr><th>Call<th>Key<th>What it does\n${lines.join("\n")}\n</table>`;
  });
  return page(
    `${formationId}: API`,
    `<h1>${escapeHtml(formationId)}: API</h1>
<p>Keys go into the headers <code>X-Muxi-Client-Key</code> and <code>X-Muxi-Admin-Key</code>, the user into
<code>X-Muxi-User-ID</code>. The <a href="openapi.json">OpenAPI document</a> has every field.</p>
${tables.join("\n")}`,
  );
};
