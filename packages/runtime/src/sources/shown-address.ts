/** Names of parameters of an address whose values are secret. */
const secretName =
  /(?:key|keyid|token|secret|pass|password|passwd|pwd|signature|sig|credential|auth|code|sas)$/i;

/** Shows an address to users. */
export type ShowAddress = (address: URL) => string;

/**
 * How addresses of a source are shown: without user name, password and fragment, and what in a query may be secret as
 * `...`. That is each parameter of the configured address, where anything may be a secret, and others by their names.
 */
export const showAddresses = (configured: URL): ShowAddress => {
  const hidden = new Set(configured.searchParams.keys());
  return (address) => {
    const url = new URL(address);
    url.username = "";
    url.password = "";
    url.hash = "";
    for (const name of new Set(url.searchParams.keys())) {
      if (hidden.has(name) || secretName.test(name)) url.searchParams.set(name, "...");
    }
    return url.href;
  };
};

/** A path as it may be shown: others choose the names of their files, of any characters. */
export const shownPath = (path: string): string =>
  path.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}%]/gu, (character) => encodeURIComponent(character));
