/** The packages that a bundle names, installed into its release by npm. */
export { type InstallOptions, installPackages } from "./install.ts";
