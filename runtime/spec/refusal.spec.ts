import { useTestMemory } from "../../kernel/mm/testing";
import { specFree } from "./model";
import { config, mounts, parsed, refused, refusedProcess, runcSpec, tmpfs } from "./vectors";

useTestMemory(1024);

describe("refusals", () => {
  it("names what is malformed or missing", () => {
    expect(refused("")).toBe("22: config.json:1:1: expected a value, found the end");
    expect(refused('{\n\t"ociVersion": "1.0.2"\n\t"process": {')).toBe("22: config.json:3:2: expected ',' or '}'");
    expect(refused(runcSpec().substring(0, 700)).startsWith("22: config.json:")).toBe(true);
    expect(refused("[".repeat(10000))).toBe("22: config.json:1:65: containers may be 64 deep");
    expect(refused("[]")).toBe("22: config.json: must be an object");
    expect(refused("{}")).toBe("22: ociVersion: is missing");
    expect(refused('{"ociVersion":"1.0.2"}')).toBe("22: root: is missing");
    expect(refused('{"ociVersion":"1.0.2","root":{}}')).toBe("22: root.path: is missing");
    expect(refused('{"ociVersion":"1.0.2","root":{"path":""}}')).toBe("22: root.path: must not be empty");
    expect(refused('{"ociVersion":"1.0.2","root":{"path":"r"}}')).toBe("22: process: is missing");
    expect(refused('{"ociVersion":"1.0.2","root":{"path":"r"},"process":null}')).toBe("22: process: is missing");
    expect(refused('{"ociVersion":"1.0.2","root":{"path":"r"},"process":{"cwd":"/"}}')).toBe("22: process.args: is missing");
    expect(refused('{"ociVersion":"1.0.2","root":{"path":"r"},"process":{"args":["a"]}}')).toBe("22: process.cwd: is missing");
    expect(refused('{"ociVersion":"1.0.2","ociVersion":"1.0.2"}')).toBe(
      '22: config.json:1:23: the name "ociVersion" is already used in this object',
    );
  });

  it("checks the version", () => {
    const bad = ["", "1", "1.0", "1.0.", "1..2", "1.x.2", "0.5.0", "2.0.0", "10.0.0", "1.0.2x", "v1.0.2", "1.0.2.1", " 1.0.2"];
    for (let i = 0; i < bad.length; i++) {
      const answer = refused('{"ociVersion":"' + bad[i] + '","root":{"path":"r"},"process":{"args":["x"],"cwd":"/"}}');
      expect(answer).toBe(i == 0 ? "22: ociVersion: must not be empty" : "22: ociVersion: this kernel knows versions 1.x.y, not " + bad[i]);
    }
    const good = ["1.0.0", "1.0.2", "1.0.2-dev", "1.1.0+dev", "1.3.0", "1.12.34-rc.1"];
    for (let i = 0; i < good.length; i++)
      specFree(parsed('{"ociVersion":"' + good[i] + '","root":{"path":"r"},"process":{"args":["x"],"cwd":"/"}}'));
  });

  it("checks the command and the user", () => {
    expect(refused(config('"args":[]'))).toBe("22: process.args: must name a program");
    expect(refused(config('"args":"sh"'))).toBe("22: process.args: must be an array");
    expect(refused(config('"args":["sh",1]'))).toBe("22: process.args[1]: must be a string");
    expect(refused(config('"args":["sh",null]'))).toBe("22: process.args[1]: must be a string");
    expect(refused(config('"args":["a\\u0000b"]'))).toBe("22: process.args[0]: must not hold a NUL character");
    expect(refused(config('"env":{}'))).toBe("22: process.env: must be an array");
    expect(refused(config('"cwd":"tmp"'))).toBe("22: process.cwd: must be an absolute path");
    expect(refused(config('"cwd":""'))).toBe("22: process.cwd: must not be empty");
    expect(refused(config('"cwd":7'))).toBe("22: process.cwd: must be a string");
    const user = '{"ociVersion":"1.0.2","root":{"path":"r"},"process":{"args":["x"],"cwd":"/","user":';
    expect(refused(user + '"root"}}')).toBe("22: process.user: must be an object");
    expect(refused(user + '{"uid":"root"}}}')).toBe("22: process.user.uid: must be an integer");
    expect(refused(user + '{"uid":-1}}}')).toBe("22: process.user.uid: must be between 0 and 4294967294");
    expect(refused(user + '{"uid":4294967295}}}')).toBe("22: process.user.uid: must be between 0 and 4294967294");
    expect(refused(user + '{"gid":99999999999999999999}}}')).toBe("22: process.user.gid: must be between 0 and 4294967294");
    expect(refused(user + '{"gid":1.5}}}')).toBe("22: process.user.gid: must be an integer");
    expect(refused(user + '{"umask":512}}}')).toBe("22: process.user.umask: must be between 0 and 511");
    expect(refused(user + '{"additionalGids":[1,-2]}}}')).toBe("22: process.user.additionalGids[1]: must be between 0 and 4294967294");
    expect(refused(config('"terminal":1'))).toBe("22: process.terminal: must be true or false");
    expect(refused(config('"consoleSize":{"height":70000}'))).toBe("22: process.consoleSize.height: must be between 0 and 65535");
    expect(refused(config('"oomScoreAdj":1001'))).toBe("22: process.oomScoreAdj: must be between -1000 and 1000");
    expect(refused(config('"noNewPrivileges":"yes"'))).toBe("22: process.noNewPrivileges: must be true or false");
  });

  it("checks capabilities and limits", () => {
    expect(refused(config('"capabilities":{"bounding":["CAP_CHOWN","CAP_KILL","CAP_FOWNER","CAP_FOO"]}'))).toBe(
      "22: process.capabilities.bounding[3]: unknown capability CAP_FOO",
    );
    expect(refused(config('"capabilities":{"permitted":["cap_kill"]}'))).toBe(
      "22: process.capabilities.permitted[0]: unknown capability cap_kill",
    );
    expect(refused(config('"capabilities":{"ambient":["KILL"]}'))).toBe("22: process.capabilities.ambient[0]: unknown capability KILL");
    expect(refused(config('"capabilities":{"ambient":"ALL"}'))).toBe("22: process.capabilities.ambient: must be an array");
    expect(refused(config('"capabilities":{"ambient":[3]}'))).toBe("22: process.capabilities.ambient[0]: must be a string");
    expect(refused(config('"capabilities":[]'))).toBe("22: process.capabilities: must be an object");
    expect(refused(config('"capabilities":{"effective":["CAP_KILL"],"permitted":["CAP_CHOWN"]}'))).toBe(
      "1: process.capabilities.effective: must be a subset of permitted",
    );
    expect(refused(config('"capabilities":{"bounding":["CAP_KILL"],"effective":["CAP_KIL\\u004c"],"permitted":["CAP_KILX"]}'))).toBe(
      "22: process.capabilities.permitted[0]: unknown capability CAP_KILX",
    );
    expect(refused(config('"rlimits":[{"soft":1,"hard":1}]'))).toBe("22: process.rlimits[0].type: is missing");
    expect(refused(config('"rlimits":[{"type":"RLIMIT_FILES","soft":1,"hard":1}]'))).toBe(
      "22: process.rlimits[0].type: unknown resource limit RLIMIT_FILES",
    );
    expect(refused(config('"rlimits":[{"type":"RLIMIT_CPU","hard":1}]'))).toBe("22: process.rlimits[0].soft: is missing");
    expect(refused(config('"rlimits":[{"type":"RLIMIT_CPU","soft":1}]'))).toBe("22: process.rlimits[0].hard: is missing");
    expect(refused(config('"rlimits":[{"type":"RLIMIT_CPU","soft":2,"hard":1}]'))).toBe(
      "22: process.rlimits[0].soft: must not be above hard",
    );
    expect(refused(config('"rlimits":[{"type":"RLIMIT_CPU","soft":-1,"hard":1}]'))).toBe(
      "22: process.rlimits[0].soft: must be between 0 and 18446744073709551615",
    );
    expect(refused(config('"rlimits":[{"type":"RLIMIT_CPU","soft":"1","hard":1}]'))).toBe(
      "22: process.rlimits[0].soft: must be an integer",
    );
    expect(refused(config('"rlimits":[{"type":"RLIMIT_CPU","soft":1,"hard":1},{"type":"RLIMIT_CPU","soft":1,"hard":1}]'))).toBe(
      "22: process.rlimits[1].type: there is another limit of RLIMIT_CPU",
    );
    expect(refused(config('"rlimits":[7]'))).toBe("22: process.rlimits[0]: must be an object");
  });

  it("checks mounts", () => {
    expect(refused(mounts("1"))).toBe("22: mounts[0]: must be an object");
    expect(refused(mounts("{}"))).toBe("22: mounts[0].destination: is missing");
    expect(refused(mounts('{"destination":"proc","type":"proc"}'))).toBe("22: mounts[0].destination: must be an absolute path");
    expect(refused(mounts('{"destination":"/x"}'))).toBe("22: mounts[0].type: is missing");
    expect(refused(mounts('{"destination":"/x","type":"proc"},{"destination":"/x","type":"ext4","source":"/dev/sda"}'))).toBe(
      "19: mounts[1].type: unknown file system type ext4",
    );
    expect(refused(mounts('{"destination":"/x","type":"bind"}'))).toBe("22: mounts[0].source: is missing");
    expect(refused(mounts('{"destination":"/x","options":["bind"]}'))).toBe("22: mounts[0].source: is missing");
    expect(refused(mounts('{"destination":"/x","type":"proc","options":"ro"}'))).toBe("22: mounts[0].options: must be an array");
    expect(refused(mounts('{"destination":"/x","type":"proc","options":["ro",2]}'))).toBe("22: mounts[0].options[1]: must be a string");
    expect(refused(mounts('{"destination":"/x","type":"proc","options":["hidepid=2"]}'))).toBe(
      "22: mounts[0].options[0]: unknown or malformed option hidepid=2",
    );
    expect(refused(mounts('{"destination":"/x","type":"bind","source":"a","options":["rshared"]}'))).toBe(
      "22: mounts[0].options[0]: unknown option rshared",
    );
    expect(refused(mounts('{"destination":"/x","type":"bind","source":"a","uidMappings":[{"containerID":0}]}'))).toBe(
      "95: mounts[0].uidMappings: is not applied by this kernel",
    );
    const bad = [
      "size=",
      "size=x",
      "size=-1",
      "size=1kk",
      "size=101%",
      "size=%",
      "size=99999999999g",
      "mode=8",
      "mode=10000",
      "uid=4294967295",
    ];
    for (let i = 0; i < bad.length; i++)
      expect(refused(tmpfs(bad[i]))).toBe("22: mounts[0].options[0]: unknown or malformed option " + bad[i]);
    const worse = ["gid=a", "mode=", "nr_inodes=k", "nr_blocks=9999999999999g", "huge=always", "ptmxmode=0666", "sized=1", "=1", "="];
    for (let i = 0; i < worse.length; i++)
      expect(refused(tmpfs(worse[i]))).toBe("22: mounts[0].options[0]: unknown or malformed option " + worse[i]);
    const words = ["", "frobnicate", "newinstance", "size", "RO", "tmpcopyup", "mand", "r", "nosuidx"];
    for (let i = 0; i < words.length; i++) expect(refused(tmpfs(words[i]))).toBe("22: mounts[0].options[0]: unknown option " + words[i]);
    const good = [
      "size=0",
      "size=1M",
      "size=3T",
      "nr_blocks=16",
      "inode64",
      "sync",
      "async",
      "dirsync",
      "defaults",
      "silent",
      "loud",
      "remount",
    ];
    for (let i = 0; i < good.length; i++) specFree(parsed(tmpfs(good[i])));
  });

  it("checks the linux object", () => {
    expect(refused(config("", "", '"linux":[]'))).toBe("22: linux: must be an object");
    expect(refused(config("", '"devices":[{"path":"/dev/x"}]'))).toBe("22: linux.devices[0].type: is missing");
    expect(refused(config("", '"devices":[{"type":"d","path":"/dev/x"}]'))).toBe("22: linux.devices[0].type: unknown device type d");
    expect(refused(config("", '"devices":[{"type":"c"}]'))).toBe("22: linux.devices[0].path: is missing");
    expect(refused(config("", '"devices":[{"type":"c","path":"dev/x"}]'))).toBe("22: linux.devices[0].path: must be an absolute path");
    expect(refused(config("", '"devices":[{"type":"c","path":"/dev/x","minor":1}]'))).toBe("22: linux.devices[0].major: is missing");
    expect(refused(config("", '"devices":[{"type":"b","path":"/dev/x","major":1}]'))).toBe("22: linux.devices[0].minor: is missing");
    expect(refused(config("", '"devices":[{"type":"c","path":"/dev/x","major":4096,"minor":1}]'))).toBe(
      "22: linux.devices[0].major: must be between 0 and 4095",
    );
    expect(refused(config("", '"devices":[{"type":"c","path":"/dev/x","major":1,"minor":1,"fileMode":-1}]'))).toBe(
      "22: linux.devices[0].fileMode: must be between 0 and 4294967295",
    );
    expect(refused(config("", '"resources":{"devices":[{"type":"p"}]}'))).toBe(
      "22: linux.resources.devices[0].type: unknown device type p",
    );
    expect(refused(config("", '"resources":{"devices":[{"allow":true,"access":"rx"}]}'))).toBe(
      "22: linux.resources.devices[0].access: must consist of r, w and m, but is rx",
    );
    expect(refused(config("", '"resources":{"devices":[{"allow":"yes"}]}'))).toBe(
      "22: linux.resources.devices[0].allow: must be true or false",
    );
    expect(refused(config("", '"resources":{"memory":{"limit":"1g"}}'))).toBe("22: linux.resources.memory.limit: must be an integer");
    expect(refused(config("", '"resources":{"memory":{"limit":-2}}'))).toBe(
      "22: linux.resources.memory.limit: must be between -1 and 9223372036854775807",
    );
    expect(refused(config("", '"maskedPaths":["/a","b"]'))).toBe("22: linux.maskedPaths[1]: must be an absolute path");
    expect(refused(config("", '"readonlyPaths":[""]'))).toBe("22: linux.readonlyPaths[0]: must be an absolute path");
    expect(refused(config("", '"sysctl":{"kernel.x":1}'))).toBe("22: linux.sysctl.kernel.x: must be a string");
    expect(refused(config("", '"namespaces":[{"type":"pid"},{"type":"net"}]'))).toBe("22: linux.namespaces[1].type: unknown namespace net");
    expect(refused(config("", '"namespaces":[{"type":"pid"},{"type":"pid"}]'))).toBe(
      "22: linux.namespaces[1].type: there is another namespace of type pid",
    );
    expect(refused(config("", '"namespaces":[{"type":"network","path":"/proc/1/ns/net"}]'))).toBe(
      "95: linux.namespaces[0].path: joining a namespace is not supported",
    );
    expect(refused(config("", '"namespaces":[{}]'))).toBe("22: linux.namespaces[0].type: is missing");
    expect(refused(config("", '"rootfsPropagation":"shared"'))).toBe(
      "95: linux.rootfsPropagation: only private and slave are applied, not shared",
    );
    expect(refused(config("", '"rootfsPropagation":"public"'))).toBe("22: linux.rootfsPropagation: unknown propagation public");
    expect(refused(config("", '"personality":{"domain":"LINUX32"}'))).toBe("95: linux.personality: is not applied by this kernel");
    expect(refused(config("", "", '"hostname":"' + "h".repeat(65) + '"'))).toBe("22: hostname: may have 64 bytes");
    expect(refused(config("", "", '"annotations":{"a":{}}'))).toBe("22: annotations.a: must be a string");
    expect(refused(config("", "", '"annotations":{"":"x"}'))).toBe("22: annotations.: a name must not be empty");
  });

  it("names known properties that are not applied, unless they ask for nothing", () => {
    const process = ["apparmorProfile", "selinuxLabel", "scheduler", "ioPriority", "execCPUAffinity"];
    for (let i = 0; i < process.length; i++) {
      expect(refused(config('"' + process[i] + '":{"x":"y"}'))).toBe("95: process." + process[i] + ": is not applied by this kernel");
      specFree(parsed(config('"' + process[i] + '":{}')));
      specFree(parsed(config('"' + process[i] + '":""')));
    }
    const linux = ["intelRdt", "mountLabel", "timeOffsets", "netDevices", "memoryPolicy", "uidMappings", "gidMappings"];
    for (let i = 0; i < linux.length; i++) {
      expect(refused(config("", '"' + linux[i] + '":[{"x":1}]'))).toBe("95: linux." + linux[i] + ": is not applied by this kernel");
      specFree(parsed(config("", '"' + linux[i] + '":null')));
      specFree(parsed(config("", '"' + linux[i] + '":[]')));
    }
    const resources = ["cpu", "blockIO", "hugepageLimits", "network", "rdma", "unified"];
    for (let i = 0; i < resources.length; i++) {
      const path = "linux.resources." + resources[i];
      expect(refused(config("", '"resources":{"' + resources[i] + '":{"a":[],"b":10}}'))).toBe(
        "95: " + path + ": is not applied by this kernel",
      );
      specFree(parsed(config("", '"resources":{"' + resources[i] + '":{"a":[],"b":0,"c":{"d":""},"e":false}}')));
    }
    const top = ["hooks", "vm", "windows", "solaris", "freebsd", "zos"];
    for (let i = 0; i < top.length; i++) {
      expect(refused(config("", "", '"' + top[i] + '":{"prestart":[{"path":"/x"}]}'))).toBe(
        "95: " + top[i] + ": is not applied by this kernel",
      );
      specFree(parsed(config("", "", '"' + top[i] + '":{"prestart":[],"x":null}')));
    }
    expect(refused(config("", '"resources":{"memory":{"swap":1}}'))).toBe("95: linux.resources.memory.swap: is not applied by this kernel");
    expect(refused(config("", '"resources":{"memory":{"swappiness":60}}'))).toBe(
      "95: linux.resources.memory.swappiness: is not applied by this kernel",
    );
    specFree(parsed(config("", '"resources":{"memory":{"limit":0,"swap":0,"kernel":-1,"disableOOMKiller":false},"pids":{"limit":0}}')));
    specFree(parsed(config("", '"resources":{}')));
  });

  it("names the properties of a process alone as in config.json", () => {
    expect(refusedProcess("[]")).toBe("22: process: must be an object");
    expect(refusedProcess("{")).toBe("22: process:1:2: expected a name in quotes or '}'");
    expect(refusedProcess('{"cwd":"/"}')).toBe("22: process.args: is missing");
    expect(refusedProcess('{"args":["x"],"cwd":"/","capabilities":{"bounding":["CAP_X"]}}')).toBe(
      "22: process.capabilities.bounding[0]: unknown capability CAP_X",
    );
    expect(refusedProcess('{"args":["x"],"cwd":"/","selinuxLabel":"x"}')).toBe("95: process.selinuxLabel: is not applied by this kernel");
  });
});
