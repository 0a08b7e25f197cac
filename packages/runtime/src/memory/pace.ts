/** How the workers of memory wait, in milliseconds: nobody waits for them. */
export const pace = { gather: 200, pauseAfterFailure: 30_000 } as const;
