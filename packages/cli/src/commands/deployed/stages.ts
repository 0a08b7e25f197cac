/** The texts for a stage in progress and a completed one (docs/spec/cli.md "Stages"). */
interface StageTexts {
  running(event: StageEvent): string;
  done(event: StageEvent): string;
}

/** The data of a `progress` event. */
export interface StageEvent {
  stage: string;
  message: string;
  [field: string]: unknown;
}

const fixed = (running: string, done: string): StageTexts => ({ running: () => running, done: () => done });

const stages: Readonly<Record<string, StageTexts>> = {
  extracting: fixed("Extracting formation bundle...", "Extracted formation bundle"),
  validating: fixed("Validating formation files...", "Validated formation files"),
  resolving_runtime: {
    running: () => "Resolving runtime version...",
    done: ({ version }) => `Resolved runtime version${typeof version === "string" ? ` ${version}` : ""}`,
  },
  downloading_sif: {
    running: ({ progress }) =>
      `Downloading runtime image...${typeof progress === "number" ? ` ${progress}%` : ""}`,
    done: () => "Downloaded runtime image",
  },
  pulling_runner: fixed("Pulling runtime runner...", "Pulled runtime runner"),
  installing: {
    running: ({ message }) => `Installing packages... ${message}`,
    done: () => "Installed packages",
  },
  spawning: fixed("Starting formation...", "Started formation"),
  spawning_staging: fixed("Starting staging version...", "Started staging version"),
  spawning_previous: fixed("Starting previous version...", "Started previous version"),
  health_check: {
    running: ({ attempt, max_attempts: most }) => {
      const left = typeof attempt === "number" && typeof most === "number" ? ` (${most - attempt})` : "";
      return `Waiting for formation to start${left}`;
    },
    done: () => "Formation started",
  },
  checking: fixed("Checking models and tool servers...", "Checked models and tool servers"),
  swapping: fixed("Switching to new version...", "Switched to new version"),
  stopping: fixed("Stopping current process...", "Stopped current process"),
  stopping_old: fixed("Stopping old version...", "Stopped old version"),
  stopping_current: fixed("Stopping current version...", "Stopped current version"),
};

export const runningText = (event: StageEvent): string =>
  stages[event.stage]?.running(event) ?? event.message;

export const doneText = (event: StageEvent): string =>
  stages[event.stage]?.done(event) ?? `${event.stage} complete`;
