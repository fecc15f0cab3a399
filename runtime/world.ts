import { log } from "../kernel/log/log";
export function startWorld(): void { log("world", "nothing to run yet"); }
