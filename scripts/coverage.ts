// npm run coverage: writes docs/linux-coverage.md.

import fs from "node:fs";
import { COVERAGE_FILE, coverageText } from "./lib/coverage.ts";

fs.writeFileSync(COVERAGE_FILE, coverageText());
