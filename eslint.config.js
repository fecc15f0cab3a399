// Two worlds: AssemblyScript (the kernel, its layers and the host's programs) and TypeScript (scripts and tests, for Node).
// The kernel's rules are those of CONTRIBUTING.md; `npm run check:layers` adds the check of import cycles (scripts/lib/imports.ts).

import tseslint from "typescript-eslint";

/** What AssemblyScript's decorators and operators need from a parser that was made for TypeScript. */
const assemblyScript = { parser: tseslint.parser, parserOptions: { allowInvalidAST: true } };

/** Folders that the files of a layer may not import from, and why. */
function layer(files, forbidden, message) {
  const patterns = [{ group: forbidden.map((folder) => `**/${folder}/**`), message }];
  return { files, ignores: ["kernel/main.ts"], rules: { "no-restricted-imports": ["error", { patterns }] } };
}

const KERNEL_LAYERS = ["kernel/**/*.ts", "drivers/**/*.ts", "linuxabi/**/*.ts", "runtime/**/*.ts"];
const SPECS = "**/*.spec.ts";

/** Nothing in the kernel allocates through AssemblyScript's runtime, throws, or needs a collector. */
const unmanagedOnly = [
  { selector: "NewExpression", message: "The kernel has no managed objects: use kernelAlloc and an @unmanaged class." },
  { selector: "ThrowStatement", message: "Return a negated errno, or assert for a broken invariant of our own." },
  {
    selector: "BinaryExpression[operator='+']:has(> Literal[raw=/^[\"']/])",
    message: "Joining strings allocates, also of literals: use kernel/lib/text.ts.",
  },
  { selector: "TemplateLiteral[expressions.length>0]", message: "Composing strings allocates: use kernel/lib/text.ts." },
];

export default tseslint.config(
  { ignores: ["build/", "dist/", "node_modules/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },

  {
    files: ["shim/isa.ts", ...KERNEL_LAYERS, "userland/**/*.ts"],
    languageOptions: assemblyScript,
    plugins: { "@typescript-eslint": tseslint.plugin },
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", { args: "none" }],
      "no-var": "error",
      "prefer-const": "error",
      "no-dupe-else-if": "error",
      "no-duplicate-case": "error",
      "no-self-assign": "error",
    },
  },
  {
    files: KERNEL_LAYERS,
    ignores: [SPECS, "**/testing.ts", "**/testing/**", "**/fuzz.ts", "**/vectors.ts"],
    rules: {
      "max-lines": ["error", { max: 500 }],
      "no-restricted-syntax": ["error", ...unmanagedOnly],
    },
  },
  // One row per system call, in one place: as long as Linux has calls.
  { files: ["linuxabi/table.ts"], rules: { "max-lines": "off" } },
  layer(["shim/isa.ts"], ["kernel", "drivers", "linuxabi", "runtime", "userland"], "shim/isa.ts is the lowest layer and imports nothing."),
  layer(["kernel/**/*.ts"], ["drivers", "linuxabi", "runtime", "userland"], "The kernel defines an interface and a registration instead."),
  layer(["drivers/**/*.ts"], ["linuxabi", "runtime", "userland"], "Drivers know the kernel and the shim only."),
  layer(["linuxabi/**/*.ts"], ["drivers", "runtime", "userland"], "linuxabi knows the kernel and the shim only."),
  layer(["runtime/**/*.ts"], ["drivers", "userland"], "runtime knows the kernel, and of linuxabi its types."),
  {
    files: ["runtime/**/*.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { group: ["**/drivers/**", "**/userland/**"], message: "runtime knows the kernel, and of linuxabi its types." },
            {
              group: ["**/linuxabi/**", "!**/linuxabi/types", "!**/linuxabi/types/**"],
              message: "Of linuxabi, runtime knows only the types.",
            },
          ],
        },
      ],
    },
  },
  {
    files: ["linuxabi/types/**/*.ts"],
    ignores: [SPECS],
    rules: { "no-restricted-imports": ["error", { patterns: [{ group: ["../**"], message: "linuxabi/types imports nothing." }] }] },
  },
  {
    files: ["userland/**/*.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              group: ["**/kernel/**", "!**/kernel/errno", "**/drivers/**", "**/linuxabi/**", "**/runtime/**", "**/shim/**"],
              message: "Host programs know the system calls and their errors, not the kernel.",
            },
          ],
        },
      ],
    },
  },

  {
    files: ["scripts/**/*.ts", "tests/**/*.ts"],
    extends: [tseslint.configs.recommended],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      eqeqeq: "error",
      "max-lines": ["error", { max: 500 }],
      "@typescript-eslint/no-floating-promises": [
        "error",
        { allowForKnownSafeCalls: [{ from: "package", name: ["test", "describe", "before", "after"], package: "node:test" }] },
      ],
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: false }],
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unused-expressions": "off",
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              group: ["**/kernel/**", "**/drivers/**", "**/linuxabi/**", "**/runtime/**", "**/userland/**"],
              message: "Scripts do not import AssemblyScript.",
            },
          ],
        },
      ],
    },
  },
);
