// The terminal's requests as programs see them. Layouts and answers were recorded on Linux 6.18; in these specs the module's own memory
// is the user's.

import { Errno } from "../../kernel/errno";
import { begin, becomeAdministrator, callAs, end, happened, readMaster, writeMaster } from "../../kernel/tty/testing";
import { Pty, ptyCloseMaster, PtyInstance, ptyInstanceFree, ptyInstanceNew, ptyNew, ptyOpenSlave } from "../../kernel/tty/pty";
import { Tty, ttyClose, ttyHangUp, ttyRelease, ttyRetain } from "../../kernel/tty/tty";
import { TtyIoctl } from "../types/termios";
import { ttyIoctl } from "./ttyioctl";

const user = memory.data(64, 8);
/** A kernel address. */
const NOWHERE: u64 = 0xffff_8000_0000_0000;

let instance: PtyInstance = changetype<PtyInstance>(0);
let pty: Pty = changetype<Pty>(0);
let slave: Tty = changetype<Tty>(0);
let opened: u32 = 0;

function open(): void {
  begin();
  instance = ptyInstanceNew(7)!;
  pty = changetype<Pty>(<usize>ptyNew(instance));
  slave = pty.slave;
  pty.locked = false;
  opened = <u32>ptyOpenSlave(pty, true);
}

function close(): void {
  ttyRetain(slave);
  ptyCloseMaster(pty);
  ttyClose(slave, opened);
  ttyRelease(slave);
  ptyInstanceFree(instance);
  end();
}

function onSlave(request: u32, argument: u64): i64 {
  return ttyIoctl(slave, false, opened, true, request, argument);
}

function onMaster(request: u32, argument: u64): i64 {
  return ttyIoctl(slave, true, 0, true, request, argument);
}

function slaveInt(request: u32): i64 {
  const r = onSlave(request, user);
  return r < 0 ? r : load<u32>(user);
}

function masterInt(request: u32): i64 {
  const r = onMaster(request, user);
  return r < 0 ? r : load<u32>(user);
}

function setInt(value: i32): u64 {
  store<i32>(user, value);
  return user;
}

function hex(bytes: u32): string {
  let text = "";
  for (let i: u32 = 0; i < bytes; i++) {
    const c = load<u8>(user + i);
    text += (c < 16 ? "0" : "") + c.toString(16);
  }
  return text;
}

describe("terminal requests", () => {
  test("attributes in their three layouts", () => {
    open();
    memory.fill(user, 0xee, 64);
    expect(onSlave(TtyIoctl.TCGETS, user)).toBe(0);
    expect(hex(38)).toBe("0005000005000000bf0000003b8a000000031c7f150400010011131a00120f1716000000eeee");
    expect(onSlave(TtyIoctl.TCGETS2, user)).toBe(0);
    expect(hex(44)).toBe("0005000005000000bf0000003b8a000000031c7f150400010011131a00120f17160000000096000000960000");
    memory.fill(user, 0xee, 64);
    expect(onMaster(TtyIoctl.TCGETA, user)).toBe(0);
    expect(hex(19)).toBe("00050500bf003b8a00031c7f150400010000ee");
    store<u16>(user + 6, 0x123);
    expect(onMaster(TtyIoctl.TCSETA, user)).toBe(0);
    expect(slave.discipline.termios.lflag).toBe(0x123);
    expect(slave.discipline.termios.iflag).toBe(0x500);
    expect(onSlave(TtyIoctl.TCGETS, NOWHERE)).toBe(-Errno.EFAULT);
    expect(onSlave(TtyIoctl.TCSETSF, NOWHERE)).toBe(-Errno.EFAULT);
    expect(slave.discipline.termios.lflag).toBe(0x123);
    close();
  });

  test("speeds follow c_cflag, or the speed fields under BOTHER", () => {
    open();
    onSlave(TtyIoctl.TCGETS2, user);
    store<u32>(user + 8, 0x10b2); // B115200, CS8, CREAD
    expect(onSlave(TtyIoctl.TCSETSW, user)).toBe(0);
    expect(slave.discipline.termios.outputSpeed).toBe(115200);
    expect(slave.discipline.termios.inputSpeed).toBe(115200);
    onSlave(TtyIoctl.TCGETS2, user);
    store<u32>(user + 8, 0x10b0 | (0xd << 16)); // BOTHER, input at B9600
    store<u32>(user + 40, 12345);
    expect(onSlave(TtyIoctl.TCSETS2, user)).toBe(0);
    expect(slave.discipline.termios.outputSpeed).toBe(12345);
    expect(slave.discipline.termios.inputSpeed).toBe(9600);
    store<u32>(user + 8, 0x10bf); // B4000000
    expect(onSlave(TtyIoctl.TCSETS, user)).toBe(0);
    expect(slave.discipline.termios.outputSpeed).toBe(4000000);
    store<u32>(user + 8, 0xb0); // B0
    expect(onSlave(TtyIoctl.TCSETS, user)).toBe(0);
    expect(slave.discipline.termios.outputSpeed).toBe(0);
    close();
  });

  test("window size, from either side", () => {
    open();
    store<u64>(user, 0x0004_0003_0050_0018);
    expect(onMaster(TtyIoctl.TIOCSWINSZ, user)).toBe(0);
    expect(happened()).toBe("signal 28 to 10; ");
    store<u64>(user, 0);
    expect(onSlave(TtyIoctl.TIOCGWINSZ, user)).toBe(0);
    expect(load<u64>(user)).toBe(0x0004_0003_0050_0018);
    expect(onSlave(TtyIoctl.TIOCSWINSZ, NOWHERE)).toBe(-Errno.EFAULT);
    close();
  });

  test("session and foreground group", () => {
    open();
    expect(slaveInt(TtyIoctl.TIOCGSID)).toBe(10);
    expect(masterInt(TtyIoctl.TIOCGPGRP)).toBe(10);
    expect(onSlave(TtyIoctl.TIOCSPGRP, setInt(12))).toBe(0);
    expect(slaveInt(TtyIoctl.TIOCGPGRP)).toBe(12);
    callAs(12, 10);
    expect(onSlave(TtyIoctl.TIOCSPGRP, setInt(-3))).toBe(-Errno.EINVAL);
    expect(onSlave(TtyIoctl.TIOCSPGRP, NOWHERE)).toBe(-Errno.EFAULT);
    expect(onMaster(TtyIoctl.TIOCNOTTY, 0)).toBe(-Errno.ENOTTY);
    callAs(10, 10);
    expect(onSlave(TtyIoctl.TIOCNOTTY, 0)).toBe(0);
    expect(slaveInt(TtyIoctl.TIOCGPGRP)).toBe(-Errno.ENOTTY);
    expect(slaveInt(TtyIoctl.TIOCGSID)).toBe(-Errno.ENOTTY);
    expect(onSlave(TtyIoctl.TIOCSCTTY, 0)).toBe(0);
    expect(slaveInt(TtyIoctl.TIOCGSID)).toBe(10);
    close();
  });

  test("queues", () => {
    open();
    writeMaster(pty, "ab\ncd");
    expect(slaveInt(TtyIoctl.TIOCINQ)).toBe(3);
    expect(slaveInt(TtyIoctl.TIOCOUTQ)).toBe(0);
    expect(masterInt(TtyIoctl.TIOCINQ)).toBe(6);
    expect(onSlave(TtyIoctl.TCFLSH, 0)).toBe(0);
    expect(slaveInt(TtyIoctl.TIOCINQ)).toBe(0);
    expect(onSlave(TtyIoctl.TCFLSH, 3)).toBe(-Errno.EINVAL);
    expect(onSlave(TtyIoctl.TCFLSH, 0x1_0000_0000)).toBe(-Errno.EINVAL);
    expect(onSlave(TtyIoctl.TCXONC, 4)).toBe(-Errno.EINVAL);
    expect(onSlave(TtyIoctl.TCXONC, 2)).toBe(0);
    expect(readMaster(pty)).toBe("ab\\x0d\\x0acd\\x13");
    expect(onSlave(TtyIoctl.TCSBRK, 1)).toBe(0);
    expect(onSlave(TtyIoctl.TCSBRKP, 0)).toBe(0);
    expect(onSlave(TtyIoctl.TIOCSTI, user)).toBe(-Errno.EIO);
    becomeAdministrator(true);
    expect(onSlave(TtyIoctl.TIOCSTI, setInt(0x0a))).toBe(0);
    expect(slaveInt(TtyIoctl.TIOCINQ)).toBe(1);
    close();
  });

  test("what only a master has, and what only a slave has", () => {
    open();
    expect(masterInt(TtyIoctl.TIOCGPTN)).toBe(0);
    expect(slaveInt(TtyIoctl.TIOCGPTN)).toBe(-Errno.ENOTTY);
    expect(onMaster(TtyIoctl.TIOCSPTLCK, setInt(1))).toBe(0);
    expect(masterInt(TtyIoctl.TIOCGPTLCK)).toBe(1);
    expect(onMaster(TtyIoctl.TIOCPKT, setInt(5))).toBe(0);
    expect(masterInt(TtyIoctl.TIOCGPKT)).toBe(1);
    expect(onSlave(TtyIoctl.TIOCPKT, setInt(1))).toBe(-Errno.ENOTTY);
    expect(onMaster(TtyIoctl.TIOCSIG, 3)).toBe(0);
    expect(happened()).toBe("signal 3 to 10; ");
    expect(onMaster(TtyIoctl.TIOCSIG, 9)).toBe(-Errno.EINVAL);
    expect(onSlave(TtyIoctl.TIOCSIG, 3)).toBe(-Errno.ENOTTY);
    expect(onSlave(TtyIoctl.TIOCGPTPEER, 2)).toBe(-Errno.EIO);
    expect(onSlave(TtyIoctl.TIOCEXCL, 0)).toBe(0);
    expect(slaveInt(TtyIoctl.TIOCGEXCL)).toBe(1);
    expect(onSlave(TtyIoctl.TIOCNXCL, 0)).toBe(0);
    expect(slaveInt(TtyIoctl.TIOCGEXCL)).toBe(0);
    expect(slaveInt(TtyIoctl.TIOCGDEV)).toBe(0x8800);
    expect(slaveInt(TtyIoctl.TIOCGETD)).toBe(0);
    expect(onSlave(TtyIoctl.TIOCSETD, setInt(0))).toBe(0);
    expect(onSlave(TtyIoctl.TIOCSETD, setInt(99))).toBe(-Errno.EINVAL);
    expect(onSlave(0x5415, user)).toBe(-Errno.ENOTTY);
    expect(onMaster(0x5499, user)).toBe(-Errno.ENOTTY);
    close();
  });

  test("after a hang-up", () => {
    open();
    expect(onSlave(TtyIoctl.TIOCVHANGUP, 0)).toBe(-Errno.EPERM);
    ttyHangUp(slave);
    expect(onSlave(TtyIoctl.TCGETS, user)).toBe(-Errno.EIO);
    expect(onSlave(0x5499, user)).toBe(-Errno.EIO);
    expect(onSlave(TtyIoctl.TIOCSPGRP, user)).toBe(-Errno.ENOTTY);
    expect(onMaster(TtyIoctl.TCGETS, user)).toBe(0);
    close();
  });
});
