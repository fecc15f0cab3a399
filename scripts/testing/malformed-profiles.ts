// Values of linux.seccomp that are refused, for tests/malformed.test.ts: what is wrong, the value, the error and its message.

import type os from "node:os";

const rule = { names: ["read"], action: "SCMP_ACT_ALLOW" };
/** A profile whose first rule has these members in the place of the right ones. */
const withRule = (members: object): object => ({ defaultAction: "SCMP_ACT_ERRNO", syscalls: [{ ...rule, ...members }] });
/** A profile whose first rule compares an argument like this. */
const comparison = (members: object): object => withRule({ args: [{ index: 0, value: 1, op: "SCMP_CMP_EQ", ...members }] });

export const malformedProfiles: [string, unknown, keyof typeof os.constants.errno, RegExp][] = [
  ["a profile that is an array", [], "EINVAL", /linux\.seccomp: must be an object/],
  ["a profile without default action", {}, "EINVAL", /linux\.seccomp\.defaultAction: is missing/],
  [
    "an unknown default action",
    { defaultAction: "SCMP_ACT_SMILE" },
    "EINVAL",
    /linux\.seccomp\.defaultAction: unknown action SCMP_ACT_SMILE/,
  ],
  [
    "a default action that a listener would decide",
    { defaultAction: "SCMP_ACT_NOTIFY" },
    "ENOTSUP",
    /linux\.seccomp\.defaultAction: SCMP_ACT_NOTIFY is not supported/,
  ],
  [
    "an error number for an action that has none",
    { defaultAction: "SCMP_ACT_ALLOW", defaultErrnoRet: 1 },
    "EINVAL",
    /linux\.seccomp\.defaultErrnoRet: the action has no error number/,
  ],
  [
    "an error number beyond 16 bits",
    { defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 65536 },
    "EINVAL",
    /linux\.seccomp\.defaultErrnoRet: must be between 0 and 65535/,
  ],
  [
    "an unknown architecture",
    { defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_PDP11"] },
    "EINVAL",
    /linux\.seccomp\.architectures\[1\]: unknown architecture SCMP_ARCH_PDP11/,
  ],
  [
    "an unknown flag of a profile",
    { defaultAction: "SCMP_ACT_ALLOW", flags: ["SECCOMP_FILTER_FLAG_FAST"] },
    "EINVAL",
    /linux\.seccomp\.flags\[0\]: unknown flag SECCOMP_FILTER_FLAG_FAST/,
  ],
  [
    "a listener",
    { defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/run/listener" },
    "ENOTSUP",
    /linux\.seccomp\.listenerPath: is not applied/,
  ],
  ["a rule without names", withRule({ names: undefined }), "EINVAL", /linux\.seccomp\.syscalls\[0\]\.names: is missing/],
  ["a rule with no name", withRule({ names: [] }), "EINVAL", /linux\.seccomp\.syscalls\[0\]\.names: must name a system call/],
  ["a rule with an empty name", withRule({ names: [""] }), "EINVAL", /linux\.seccomp\.syscalls\[0\]\.names\[0\]: must not be empty/],
  ["a rule with a number", withRule({ names: ["read", 1] }), "EINVAL", /linux\.seccomp\.syscalls\[0\]\.names\[1\]: must be a string/],
  ["a rule without action", withRule({ action: undefined }), "EINVAL", /linux\.seccomp\.syscalls\[0\]\.action: is missing/],
  ["a rule with an unknown action", withRule({ action: "ALLOW" }), "EINVAL", /linux\.seccomp\.syscalls\[0\]\.action: unknown action ALLOW/],
  [
    "a rule that a listener would decide",
    withRule({ action: "SCMP_ACT_NOTIFY" }),
    "ENOTSUP",
    /linux\.seccomp\.syscalls\[0\]\.action: SCMP_ACT_NOTIFY is not supported/,
  ],
  ["a rule that allows with an error", withRule({ errnoRet: 5 }), "EINVAL", /linux\.seccomp\.syscalls\[0\]\.errnoRet: the action has no/],
  [
    "a comparison of a seventh argument",
    comparison({ index: 6 }),
    "EINVAL",
    /linux\.seccomp\.syscalls\[0\]\.args\[0\]\.index: must be between 0 and 5/,
  ],
  [
    "a comparison of no argument",
    comparison({ index: undefined }),
    "EINVAL",
    /linux\.seccomp\.syscalls\[0\]\.args\[0\]\.index: is missing/,
  ],
  ["a comparison without value", comparison({ value: undefined }), "EINVAL", /linux\.seccomp\.syscalls\[0\]\.args\[0\]\.value: is missing/],
  [
    "a comparison with a negative value",
    comparison({ value: -1 }),
    "EINVAL",
    /linux\.seccomp\.syscalls\[0\]\.args\[0\]\.value: must be between/,
  ],
  ["a comparison without operator", comparison({ op: undefined }), "EINVAL", /linux\.seccomp\.syscalls\[0\]\.args\[0\]\.op: is missing/],
  [
    "a comparison with an unknown operator",
    comparison({ op: "SCMP_CMP_LIKE" }),
    "EINVAL",
    /linux\.seccomp\.syscalls\[0\]\.args\[0\]\.op: unknown operator SCMP_CMP_LIKE/,
  ],
  [
    "two rules that contradict each other",
    {
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [1, 2].map((errnoRet) => ({
        names: ["socket"],
        action: "SCMP_ACT_ERRNO",
        errnoRet,
        args: [{ index: 0, value: 40, op: "SCMP_CMP_EQ" }],
      })),
    },
    "EEXIST",
    /linux\.seccomp\.syscalls\[1\]: an earlier rule/,
  ],
];
