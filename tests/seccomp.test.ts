// linux.seccomp: a profile of a container's system calls, in the shape of Docker's and in all the ways of its parts.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import type { CpioWriter } from "../scripts/lib/cpio.ts";
import { callNames } from "../scripts/lib/coverage.ts";
import { buildGuestBundle } from "../scripts/lib/guest.ts";
import { DeleteFlag } from "../scripts/lib/protocol.ts";
import { addBundle, Lab, labConfig } from "../scripts/testing/lab.ts";
import { runBundle } from "../scripts/testing/run-bundle.ts";
import { copyWithProfile, dockerProfile } from "../scripts/testing/seccomp-profile.ts";

const timeout = 60_000;
const numbers = new Map([...callNames()].map(([number, name]) => [name, number]));
const SIGSYS = 31;

/** Arguments of /bin/call: "mount:1:2" is call mount with arguments 1 and 2; a number may stand for the name. */
function calls(...words: string[]): string[] {
  return words.map((word) => word.replace(/^[a-z]\w*/, (name) => String(numbers.get(name))));
}

/** What /bin/call prints when each of `answers`, "mount:1:2 EPERM" say, is as expected. */
function printed(answers: string[]): string {
  return answers.map((answer) => `${calls(answer)[0]}\n`).join("");
}
const wordsOf = (answers: string[]): string[] => calls(...answers.map((answer) => answer.split(" ")[0] as string));

/** With Docker's profile. Where a call is allowed but has no arguments that make sense, its own complaint shows that. */
const underDocker = [
  "getppid ok",
  "mount:0:0:0:0:0 EPERM",
  "unshare:0x20000 EPERM",
  "setns:-1:0 EPERM",
  "keyctl:0 EPERM",
  "clone:0x10000000 EPERM",
  "clone3:0:0 ENOSYS",
  "personality:0 ok",
  "personality:0xffffffff ok",
  "personality:4 EPERM",
  "socket:40:1:0 EPERM",
  "close:1000 EBADF",
  // The highest number that the profile names is 467: beyond it, what is new is unknown, not forbidden.
  "468 ENOSYS",
  "100000 ENOSYS",
];

describe("cyrius run with a profile in the shape of Docker's", () => {
  let bundle: string;
  before(async () => {
    const guest = await buildGuestBundle();
    bundle = fs.mkdtempSync(path.join(os.tmpdir(), "cyrius-seccomp-"));
    copyWithProfile(guest, bundle);
  });
  after(() => fs.rmSync(bundle, { recursive: true, force: true }));

  test("what it lists is carried out, and nothing else", { timeout }, async () => {
    const { stdout, stderr, status } = await runBundle(bundle, ["/bin/call", ...wordsOf(underDocker)]);
    assert.deepEqual([stdout.toString(), stderr, status], [printed(underDocker), "", 0]);
  });

  test("a call that it lists takes at most 110 instructions", { timeout }, async () => {
    const { stdout, stderr } = await runBundle(bundle, ["/bin/count", "--hz", "1e9", "getppid"], ["--icount"]);
    const [, instructions] = /^getppid (\d+(?:\.\d+)?)$/m.exec(stdout.toString()) ?? assert.fail(stderr);
    assert.ok(Number(instructions) <= 110, stdout.toString());
  });

  test("programs run as without it", { timeout }, async () => {
    const script = "grep -E '^(Seccomp|NoNewPrivs)' /proc/self/status; seq 100 | while read n; do echo $n; done | wc -l; (exit 3); echo $?";
    const { stdout, stderr, status } = await runBundle(bundle, ["sh", "-c", script]);
    assert.deepEqual([stdout.toString(), stderr, status], ["NoNewPrivs:\t0\nSeccomp:\t2\nSeccomp_filters:\t1\n100\n3\n", "", 0]);
  });
});

// Profiles of a few rules, each with what /bin/call finds out.

interface Case {
  name: string;
  profile: Record<string, unknown>;
  answers: string[];
  /** How the program ends. */
  code?: number;
  signal?: number;
}

const ALLOW = "SCMP_ACT_ALLOW";
/** EPERM, or another error. */
const error = (names: string[], errnoRet?: number, args?: object[]): object => ({ names, action: "SCMP_ACT_ERRNO", errnoRet, args });
const compare = (op: string, value: number | bigint, valueTwo?: number, index = 0): object => ({
  index,
  value,
  valueTwo,
  op: `SCMP_CMP_${op}`,
});
const allowing = (...syscalls: object[]): Record<string, unknown> => ({ defaultAction: ALLOW, syscalls });

/** umask takes any argument and never fails. */
function comparison(op: string, value: number, valueTwo: number | undefined, refused: string[], passed: string[]): Case {
  return {
    name: `comparison ${op}`,
    profile: allowing(error(["umask"], undefined, [compare(op, value, valueTwo)])),
    answers: [...refused.map((argument) => `umask:${argument} EPERM`), ...passed.map((argument) => `umask:${argument} ok`)],
  };
}

const cases: Case[] = [
  comparison("EQ", 5, undefined, ["5"], ["4", "6", "0x100000005"]),
  comparison("NE", 5, undefined, ["4", "0x100000005"], ["5"]),
  comparison("LT", 5, undefined, ["0", "4"], ["5", "0xffffffffffffffff", "0x100000000"]),
  comparison("LE", 5, undefined, ["5", "4"], ["6", "0x100000001"]),
  comparison("GT", 5, undefined, ["6", "0xffffffffffffffff", "0x100000000"], ["5"]),
  comparison("GE", 5, undefined, ["5", "0x100000000"], ["4"]),
  // Bits of the second value outside of the mask do not count.
  comparison("MASKED_EQ", 0xf0, 0x9f, ["0x90", "0x19a"], ["0x80"]),
  {
    name: "errors of their own, and the default's",
    profile: {
      defaultAction: "SCMP_ACT_ERRNO",
      defaultErrnoRet: 95,
      syscalls: [
        {
          names: [
            "write",
            "exit_group",
            "execve",
            "brk",
            "arch_prctl",
            "set_tid_address",
            "set_robust_list",
            "rseq",
            "prlimit64",
            "readlinkat",
            "readlink",
            "getrandom",
            "mprotect",
            "newfstatat",
            "fstat",
            "ioctl",
          ],
          action: ALLOW,
        },
        error(["getppid"], 19),
        error(["getpgrp"]),
      ],
    },
    answers: ["getppid ENODEV", "getpgrp EPERM", "getuid EOPNOTSUPP", "467 EOPNOTSUPP"],
  },
  {
    name: "comparisons of two arguments that must both hold",
    profile: allowing(error(["close"], 5, [compare("EQ", 1000), compare("EQ", 7, undefined, 1)])),
    answers: ["close:1000:7 EIO", "close:1000:8 EBADF", "close:1001:7 EBADF"],
  },
  {
    name: "comparisons of one argument of which any may hold",
    profile: allowing(error(["close"], 5, [compare("EQ", 1000), compare("EQ", 2000)])),
    answers: ["close:1000 EIO", "close:2000 EIO", "close:3000 EBADF"],
  },
  {
    name: "several rules of one call",
    profile: allowing(error(["close"], 5, [compare("EQ", 1000)]), error(["close"], 19, [compare("EQ", 2000)])),
    answers: ["close:1000 EIO", "close:2000 ENODEV", "close:3000 EBADF"],
  },
  {
    name: "a rule without comparisons in the place of those with",
    profile: allowing(
      error(["close"], 5, [compare("EQ", 1000)]),
      error(["close"], 19),
      error(["close"], 30),
      error(["close"], 31, [compare("EQ", 1)]),
    ),
    answers: ["close:1000 ENODEV", "close:1 ENODEV"],
  },
  {
    name: "names that nobody knows",
    profile: allowing(error(["frobnicate", "getppid", "set_thread_area_64"])),
    answers: ["getppid EPERM", "getuid ok"],
  },
  { name: "tracing without a tracer", profile: allowing({ names: ["getppid"], action: "SCMP_ACT_TRACE" }), answers: ["getppid ENOSYS"] },
  { name: "logging", profile: allowing({ names: ["getppid"], action: "SCMP_ACT_LOG" }), answers: ["getppid ok"] },
  ...["KILL", "KILL_THREAD", "KILL_PROCESS", "TRAP"].map((action) => ({
    name: action,
    profile: allowing({ names: ["getppid"], action: `SCMP_ACT_${action}` }),
    answers: ["getuid ok"],
    signal: SIGSYS,
  })),
  {
    name: "the x32 ABI where it is not listed",
    profile: { ...allowing(error(["getppid"])), architectures: ["SCMP_ARCH_X86_64"] },
    answers: ["getppid EPERM"],
    signal: SIGSYS,
  },
  {
    name: "the x32 ABI where it is",
    profile: {
      ...allowing(error(["getppid"])),
      architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X32"],
      flags: ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC"],
    },
    answers: [`${0x40000000 + 110} EPERM`, `${0x40000000 + 102} ENOSYS`],
  },
];

/** The calls of a case, with one more at the end that ends the program where that is expected. */
function programOf(one: Case): string[] {
  const last = one.name.includes("x32") ? `${0x40000000 + 102}` : "getppid";
  return ["/bin/call", ...wordsOf(one.answers), ...(one.signal ? calls(last) : [])];
}

describe("a profile with", () => {
  let lab: Lab;
  const fill = (archive: CpioWriter, guestRoot: string): void => {
    archive.addTree(guestRoot, "guest");
    for (const [i, one] of cases.entries()) {
      const config = labConfig(programOf(one)) as { linux: Record<string, unknown> };
      config.linux.seccomp = one.profile;
      addBundle(archive, `bundle-${i}`, config);
    }
    const docker = labConfig(["/bin/sleeper"]) as { linux: Record<string, unknown> };
    docker.linux.seccomp = dockerProfile();
    addBundle(archive, "sleeper", docker);
  };
  before(async () => {
    const bundle = await buildGuestBundle();
    lab = await Lab.boot((archive) => fill(archive, `${bundle}/rootfs`));
  });
  afterEach(async () => {
    for (const { id } of await lab.list()) await lab.delete(id, DeleteFlag.force);
  });
  after(() => lab.end());

  for (const [i, one] of cases.entries())
    test(one.name, { timeout }, async () => {
      const run = async (): Promise<void> => {
        const streams = lab.streams();
        streams.closeInput();
        const ending = await lab.run("c", `/bundle-${i}`, streams);
        assert.deepEqual([streams.output, ending], [printed(one.answers), { code: one.code ?? 0, signal: one.signal ?? 0 }]);
      };
      await run();
      const before = await lab.stats();
      await run();
      assert.deepEqual(await lab.stats(), before, "nothing is left behind");
    });

  test("a process that comes later has it too", { timeout }, async () => {
    await lab.create("c", "/sleeper");
    await lab.start("c");
    const streams = lab.streams();
    streams.closeInput();
    const process = { args: ["/bin/call", ...wordsOf(underDocker)], cwd: "/", env: ["PATH=/bin"] };
    assert.deepEqual(await lab.exec("c", process, streams), { code: 0, signal: 0 });
    assert.equal(streams.output, printed(underDocker));
  });
});
