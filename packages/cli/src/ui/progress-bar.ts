const width = 20;

/** `━━━━━━──────────────  30 of 100`. */
export const progressBar = (done: number, of: number): string => {
  const filled = of === 0 ? 0 : Math.min(width, Math.floor((width * done) / of));
  return `${"━".repeat(filled)}${"─".repeat(width - filled)}  ${done} of ${of}`;
};
