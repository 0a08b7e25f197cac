const escapeHtml = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** What a browser shows at the root of a running formation. */
export const homePage = (formationId: string): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(formationId)} is up</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto; padding: 0 1rem; }
  @media (prefers-color-scheme: dark) { body { background: #111; color: #eee; } a { color: #8cf; } }
</style>
<h1>${escapeHtml(formationId)}: Up</h1>
<p>This is a MUXI formation. Programs talk to it under <code>v1/</code>; the
<a href="openapi.json">OpenAPI document</a> describes every call.</p>
</html>
`;
