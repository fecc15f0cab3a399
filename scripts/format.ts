// npm run format: brings every file into Prettier's form, after what ESLint can mend by itself.

import { runNode } from "./lib/process.ts";

const linted = await runNode(["node_modules/eslint/bin/eslint.js", "--fix", "--quiet", "."]);
const formatted = await runNode(["node_modules/prettier/bin/prettier.cjs", "--write", "--log-level=warn", "."]);
process.exitCode = linted === 0 && formatted === 0 ? 0 : 1;
