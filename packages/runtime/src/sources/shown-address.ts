/** Names of parameters of an address whose values are secret. */
const secretName = /(?:key|token|secret|password|passwd|signature|sig|credential|auth|code|sas)$/i;

/** An address as it may be shown: without user name, password and fragment, and what in its query may be secret as `...`. */
export const shownAddress = (address: URL): string => {
  const url = new URL(address);
  url.username = "";
  url.password = "";
  url.hash = "";
  for (const name of new Set(url.searchParams.keys())) {
    if (secretName.test(name)) url.searchParams.set(name, "...");
  }
  return url.href;
};

/** A path as it may be shown: others choose the names of their files, of any characters. */
export const shownPath = (path: string): string =>
  path.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}%]/gu, (character) => encodeURIComponent(character));
