import { heapBytesUsed, heapObjectsUsed } from "../../kernel/mm/heap";
import { useTestMemory } from "../../kernel/mm/testing";
import { bytesLength, bytesOf, failure, stringOf } from "../testing";
import { capabilityNumber } from "./capability";
import {
  Spec,
  SpecDevice,
  SpecDeviceRule,
  SpecMount,
  SpecMountFlag,
  SpecMountGiven,
  SpecMountType,
  SpecNamespace,
  SpecProcess,
  SpecRlimit,
  SpecString,
  StringList,
  groupAt,
  specAt,
  specBytes,
  specFree,
  specProcessFree,
  stringListAt,
} from "./model";
import { parseMemory } from "./mount-option";
import { specParseProcess } from "./parse";
import { config, mounts, parsed, richConfig, runcSpec, umociConfig } from "./vectors";

useTestMemory(1024);

function text(s: SpecString | null): string {
  if (!s) return "(null)";
  assert(load<u8>(specBytes(s) + s.length) == 0, "strings end in NUL");
  return stringOf(specBytes(s), s.length);
}

function joined(list: StringList): string {
  let s = "";
  for (let i: u32 = 0; i < list.count; i++) s += (i != 0 ? "|" : "") + text(stringListAt(list, i));
  return s;
}

function mountAt(spec: Spec, i: u32): SpecMount {
  return specAt<SpecMount>(spec.mounts, i);
}

const THREE: u64 = (1 << 29) | (1 << 5) | (1 << 10); // AUDIT_WRITE, KILL, NET_BIND_SERVICE

describe("specParse", () => {
  it("takes what runc spec writes", () => {
    const spec = parsed(runcSpec());
    expect(text(spec.ociVersion)).toBe("1.2.1");
    expect(text(spec.rootPath)).toBe("rootfs");
    expect(spec.rootReadonly).toBe(true);
    expect(text(spec.hostname)).toBe("runc");
    expect(text(spec.domainname)).toBe("(null)");
    const process = spec.process;
    expect(process.terminal && process.noNewPrivileges && process.hasCapabilities).toBe(true);
    expect(joined(process.args)).toBe("sh");
    expect(joined(process.env)).toBe("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin|TERM=xterm");
    expect(text(process.cwd)).toBe("/");
    expect(process.bounding == THREE && process.effective == THREE && process.permitted == THREE).toBe(true);
    expect(process.inheritable | process.ambient).toBe(0);
    expect(process.rlimits.count).toBe(1);
    const limit = specAt<SpecRlimit>(process.rlimits, 0);
    expect(limit.resource == 7 && limit.soft == 1024 && limit.hard == 1024).toBe(true);
    expect(process.hasUmask || process.hasOomScoreAdj).toBe(false);
    expect(process.additionalGids.count).toBe(0);
    expect(spec.mounts.count).toBe(7);
    expect(spec.maskedPaths.count).toBe(10);
    expect(text(stringListAt(spec.maskedPaths, 9))).toBe("/proc/scsi");
    expect(joined(spec.readonlyPaths)).toBe("/proc/bus|/proc/fs|/proc/irq|/proc/sys|/proc/sysrq-trigger");
    expect(spec.deviceRules.count).toBe(1);
    const rule = specAt<SpecDeviceRule>(spec.deviceRules, 0);
    expect(!rule.allow && rule.type == 0x61 && rule.major == -1 && rule.minor == -1 && rule.access == 7).toBe(true);
    expect(spec.devices.count | spec.sysctl.count | spec.annotations.count).toBe(0);
    expect(spec.namespaces).toBe(
      SpecNamespace.Pid | SpecNamespace.Network | SpecNamespace.Ipc | SpecNamespace.Uts | SpecNamespace.Mount | SpecNamespace.Cgroup,
    );
    expect(spec.memoryLimitBytes == -1 && spec.pidsLimit == -1).toBe(true);
    specFree(spec);
  });

  it("understands the usual mounts", () => {
    const spec = parsed(runcSpec());
    const types = [0, 2, 3, 2, 4, 1, 5];
    for (let i = 0; i < 7; i++) expect<i32>(mountAt(spec, i).type).toBe(types[i]);
    const dev = mountAt(spec, 1);
    expect(text(dev.destination) + " " + text(dev.source)).toBe("/dev tmpfs");
    expect(dev.flags).toBe(SpecMountFlag.NoSuid | SpecMountFlag.StrictAtime);
    expect(dev.given).toBe(SpecMountGiven.Mode | SpecMountGiven.Size);
    expect(dev.mode).toBe(0o755);
    expect(dev.sizeBytes).toBe(64 << 20);
    const pts = mountAt(spec, 2);
    expect(pts.given).toBe(SpecMountGiven.Mode | SpecMountGiven.Gid | SpecMountGiven.PtmxMode);
    expect(pts.mode == 0o620 && pts.gid == 5 && pts.ptmxMode == 0o666).toBe(true);
    expect(mountAt(spec, 3).mode).toBe(0o1777);
    const cgroup = mountAt(spec, 6);
    expect(cgroup.flags).toBe(
      SpecMountFlag.NoSuid | SpecMountFlag.NoExec | SpecMountFlag.NoDev | SpecMountFlag.RelAtime | SpecMountFlag.ReadOnly,
    );
    expect(cgroup.given).toBe(0);
    specFree(spec);
  });

  it("takes what umoci unpack writes", () => {
    const spec = parsed(umociConfig());
    const process = spec.process;
    expect(process.inheritable == THREE && process.ambient == THREE).toBe(true);
    expect(spec.rootReadonly).toBe(false);
    expect(text(spec.hostname)).toBe("umoci-default");
    expect(spec.maskedPaths.count).toBe(7);
    specFree(spec);
  });

  it("decodes everything else", () => {
    const spec = parsed(richConfig());
    const process = spec.process;
    expect(joined(process.args)).toBe("/bin/echo|héllo\n|");
    expect(joined(process.env)).toBe("A=1|EMPTY=");
    expect(process.uid == 1000 && process.gid == 1001 && process.hasUmask && process.umask == 18).toBe(true);
    expect(process.additionalGids.count == 2 && groupAt(process.additionalGids, 0) == 5).toBe(true);
    expect(groupAt(process.additionalGids, 1)).toBe(4294967294);
    expect(process.consoleHeight == 24 && process.consoleWidth == 80 && !process.terminal).toBe(true);
    expect(process.bounding).toBe(((<u64>1) << 40) | 1);
    expect(process.permitted == 1 && process.effective == 0).toBe(true);
    expect(process.hasOomScoreAdj && process.oomScoreAdj == -500).toBe(true);
    const core = specAt<SpecRlimit>(process.rlimits, 0);
    expect(core.resource == 4 && core.soft == 0 && core.hard == u64.MAX_VALUE).toBe(true);
    expect(specAt<SpecRlimit>(process.rlimits, 1).resource).toBe(15);
    expect(text(spec.domainname) + " " + text(spec.cgroupsPath)).toBe("example.org /a/b");
    const bind = mountAt(spec, 0);
    expect(bind.type == SpecMountType.Bind && bind.flags == (SpecMountFlag.Recursive | SpecMountFlag.ReadOnly)).toBe(true);
    expect(text(bind.source)).toBe("data");
    const t = mountAt(spec, 1);
    expect(text(t.source)).toBe("(null)");
    expect(t.flags).toBe(SpecMountFlag.NoAtime);
    expect(t.sizeBytes == (<u64>2) << 30 && t.inodeLimit == 4096 && t.uid == 7 && t.gid == 8 && t.mode == 0o700).toBe(true);
    expect(mountAt(spec, 2).sizePercent == 50 && mountAt(spec, 2).given == SpecMountGiven.SizePercent).toBe(true);
    expect(mountAt(spec, 3).type).toBe(SpecMountType.Cgroup2);
    const fuse = specAt<SpecDevice>(spec.devices, 0);
    expect(text(fuse.path)).toBe("/dev/fuse");
    expect(fuse.type == 0x63 && fuse.major == 10 && fuse.minor == 229 && fuse.mode == 0o666 && fuse.uid == 1 && fuse.gid == 2).toBe(true);
    expect(specAt<SpecDevice>(spec.devices, 1).type == 0x70 && specAt<SpecDevice>(spec.devices, 1).mode == 0o666).toBe(true);
    expect(specAt<SpecDevice>(spec.devices, 2).type).toBe(0x62);
    const rule = specAt<SpecDeviceRule>(spec.deviceRules, 1);
    expect(rule.allow && rule.type == 0x63 && rule.major == 10 && rule.minor == -1 && rule.access == 3).toBe(true);
    expect(spec.memoryLimitBytes == 64 << 20 && spec.pidsLimit == 100).toBe(true);
    expect(spec.slave).toBe(true);
    expect(spec.namespaces).toBe(SpecNamespace.Pid | SpecNamespace.User);
    expect(joined(spec.sysctl)).toBe("net.core.somaxconn|256");
    expect(joined(spec.annotations)).toBe("org.example.a|b|c\t|");
    expect(joined(spec.maskedPaths) + joined(spec.readonlyPaths)).toBe("/proc/kcore");
    specFree(spec);
  });

  it("works without a linux object, mounts and all that is optional", () => {
    const spec = parsed('{"ociVersion":"1.0.2","root":{"path":"r"},"process":{"args":["x"],"cwd":"/"},"devices":1,"mounts":null}');
    expect(spec.mounts.count | spec.devices.count | spec.deviceRules.count | spec.process.rlimits.count).toBe(0);
    expect(spec.maskedPaths.count | spec.readonlyPaths.count | spec.sysctl.count | spec.annotations.count | spec.process.env.count).toBe(0);
    expect(spec.process.hasCapabilities).toBe(false);
    expect(text(spec.hostname) + text(spec.cgroupsPath)).toBe("(null)(null)");
    expect(spec.memoryLimitBytes == -1 && spec.pidsLimit == -1).toBe(true);
    specFree(spec);
  });

  it("holds long lists and strings", () => {
    const long = "x".repeat(5000);
    let args = '"args":["' + long + '"';
    for (let i = 0; i < 2000; i++) args += ',"' + i.toString() + '"';
    const spec = parsed(config(args + "]"));
    expect(spec.process.args.count).toBe(2001);
    expect(text(stringListAt(spec.process.args, 0))).toBe(long);
    expect(text(stringListAt(spec.process.args, 2000))).toBe("1999");
    specFree(spec);
  });

  it("gives all memory back", () => {
    const objects = heapObjectsUsed();
    const bytes = heapBytesUsed();
    for (let i = 0; i < 50; i++) {
      specFree(parsed(i & 1 ? runcSpec() : richConfig()));
    }
    expect(heapObjectsUsed()).toBe(objects);
    expect(heapBytesUsed()).toBe(bytes);
  });

  it("lets the last option win", () => {
    const spec = parsed(
      mounts(
        '{"destination":"/t","type":"tmpfs","options":["ro","nodev","noexec","nosuid","nosymfollow","sync","nodiratime","noatime",' +
          '"rw","dev","exec","suid","symfollow","async","diratime","strictatime","size=1k","nr_\\u0062locks=2"]}',
      ),
    );
    expect(mountAt(spec, 0).flags).toBe(SpecMountFlag.StrictAtime);
    expect(mountAt(spec, 0).sizeBytes).toBe(8192);
    specFree(spec);
  });
});

describe("specParseProcess", () => {
  it("decodes the process of exec", () => {
    const p = bytesOf('{"args":["ls","-l"],"cwd":"/","env":["A=b"],"terminal":true,"user":{"uid":3,"gid":4}}');
    const objects = heapObjectsUsed();
    const process: SpecProcess = specParseProcess(p, bytesLength, failure)!;
    expect(joined(process.args)).toBe("ls|-l");
    expect(process.uid == 3 && process.gid == 4 && process.terminal).toBe(true);
    specProcessFree(process);
    expect(heapObjectsUsed()).toBe(objects);
  });
});

describe("capabilityNumber", () => {
  it("knows all capabilities of Linux", () => {
    const names =
      "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN " +
      "NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME " +
      "SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ " +
      "PERFMON BPF CHECKPOINT_RESTORE";
    const list = names.split(" ");
    expect(list.length).toBe(41);
    for (let i = 0; i < list.length; i++) {
      const p = bytesOf("CAP_" + list[i]);
      expect(capabilityNumber(p, bytesLength)).toBe(i);
      expect(capabilityNumber(p, bytesLength - 1)).toBe(-1);
    }
  });
});

describe("parseMemory", () => {
  it("reads suffixes", () => {
    expect(parseMemory(bytesOf("65536k"), 6)).toBe(64 << 20);
    expect(parseMemory(bytesOf("7"), 1)).toBe(7);
    expect(parseMemory(bytesOf("1T"), 2)).toBe(1 << 40);
    expect(parseMemory(bytesOf("8388607t"), 8)).toBe(8388607 << 40);
    expect(parseMemory(bytesOf("8388608t"), 8)).toBe(-1);
    expect(parseMemory(bytesOf("k"), 1)).toBe(-1);
    expect(parseMemory(bytesOf(""), 0)).toBe(-1);
  });
});
