/** How fast memory's work in the background follows what makes it necessary: nobody waits for it. */
export const pace = { gather: 200, pauseAfterFailure: 30_000 } as const;
