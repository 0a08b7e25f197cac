/** What one user may have or do at most, in the words of docs/spec/formation-api.md "Limits". */
export const userLimits = {
  activeJobs: { most: 100, what: "active jobs" },
  newJobsAnHour: { most: 20, what: "new jobs an hour" },
  newJobsADay: { most: 100, what: "new jobs a day" },
  runningJobs: { most: 5, what: "running jobs" },
  documentsWaiting: { most: 8, what: "documents waiting to be read" },
} as const;
