/** Debian's Chromium, in which pages are tested. */
export const chromiumFile = "/usr/bin/chromium";

/** The flags that keep Chromium from calling its maker. */
export const chromiumFlags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
