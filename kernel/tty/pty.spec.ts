import { Errno } from "../errno";
import { Result } from "../result";
import { SetWhen, ttyFlow, ttyFlush, ttySetAttributes, ttySetWindow } from "./control";
import { Iflag, Lflag, Termios, TERMIOS2_BYTES } from "./termios";
import {
  Pty,
  ptyCloseMaster,
  ptyFind,
  ptyFlow,
  ptyFlush,
  PtyInstance,
  ptyInstanceFree,
  ptyInstanceNew,
  ptyNew,
  ptyNext,
  ptyOpenSlave,
  ptyPoll,
  ptyReadableBytes,
  ptyReadQueue,
  ptySetPacket,
  ptySignal,
  ptyWriteQueue,
} from "./pty";
import { begin, callAs, end, happened, readMaster, readTty, unwatch, watch, woken, writeMaster, writeTty } from "./testing";
import { Tty, ttyClose, ttyPoll, ttyReadQueue, ttyRetain, ttyRelease } from "./tty";

const EAGAIN = "-11";
const EIO = "-5";
const IN: u32 = 0x41;
const OUT: u32 = 0x104;
const PRI: u32 = 2;
const ERR: u32 = 8;
const HUP: u32 = 16;
const attributes = memory.data(44, 8);

let instance: PtyInstance = changetype<PtyInstance>(0);
let pty: Pty = changetype<Pty>(0);
let slave: Tty = changetype<Tty>(0);
let opened: u32 = 0;

/** A pty with its slave open as no controlling terminal. */
function openPair(): void {
  begin();
  instance = ptyInstanceNew(7)!;
  pty = changetype<Pty>(<usize>ptyNew(instance));
  slave = pty.slave;
  pty.locked = false;
  opened = <u32>ptyOpenSlave(pty, false);
}

function closeInstance(): void {
  ptyInstanceFree(instance);
  end();
}

function closePair(): void {
  ttyClose(slave, opened);
  ptyCloseMaster(pty);
  closeInstance();
}

function setFlags(iflag: u32, lflag: u32): Result {
  memory.copy(attributes, changetype<usize>(slave.discipline.termios), TERMIOS2_BYTES);
  changetype<Termios>(attributes).iflag = iflag;
  changetype<Termios>(attributes).lflag = lflag;
  return ttySetAttributes(slave, attributes, SetWhen.Now, 0);
}

describe("ptys", () => {
  test("both ways, with echo", () => {
    openPair();
    expect(ptyPoll(pty)).toBe(OUT);
    expect(ttyPoll(slave, opened)).toBe(OUT);
    expect(readMaster(pty)).toBe(EAGAIN);
    expect(writeMaster(pty, "ls\n")).toBe(3);
    expect(ttyPoll(slave, opened)).toBe(IN | OUT);
    expect(ptyPoll(pty)).toBe(IN | OUT);
    expect(readTty(slave, opened)).toBe("ls\\x0a");
    expect(writeTty(slave, opened, "a\nb\n")).toBe(4);
    expect(ptyReadableBytes(pty)).toBe(10);
    expect(readMaster(pty, 5)).toBe("ls\\x0d\\x0aa");
    expect(readMaster(pty)).toBe("\\x0d\\x0ab\\x0d\\x0a");
    closePair();
  });

  test("waiters are woken", () => {
    openPair();
    watch(0, ttyReadQueue(slave));
    watch(1, ptyReadQueue(pty));
    writeMaster(pty, "half");
    expect(woken(0)).toBe(false);
    expect(woken(1)).toBe(true);
    writeMaster(pty, "\n");
    expect(woken(0)).toBe(true);
    unwatch(0);
    unwatch(1);
    closePair();
  });

  test("numbers are the lowest free ones", () => {
    begin();
    instance = ptyInstanceNew(7)!;
    for (let i: u32 = 0; i < 20; i++) {
      const p = changetype<Pty>(<usize>ptyNew(instance));
      expect(p.index).toBe(i);
    }
    ptyCloseMaster(ptyFind(instance, 3)!);
    ptyCloseMaster(ptyFind(instance, 11)!);
    expect(ptyFind(instance, 3) == null).toBe(true);
    expect(ptyNext(instance, 3)!.index).toBe(4);
    expect(changetype<Pty>(<usize>ptyNew(instance)).index).toBe(3);
    expect(changetype<Pty>(<usize>ptyNew(instance)).index).toBe(11);
    instance.limit = 20;
    expect(ptyNew(instance)).toBe(-Errno.ENOSPC);
    for (let p = ptyNext(instance, 0); p; p = ptyNext(instance, 0)) ptyCloseMaster(p);
    expect(instance.count).toBe(0);
    closeInstance();
  });

  test("a locked slave cannot be opened", () => {
    begin();
    instance = ptyInstanceNew(7)!;
    pty = changetype<Pty>(<usize>ptyNew(instance));
    expect(ptyOpenSlave(pty, false)).toBe(-Errno.EIO);
    expect(writeMaster(pty, "early\n")).toBe(6);
    pty.locked = false;
    opened = <u32>ptyOpenSlave(pty, false);
    slave = pty.slave;
    expect(readTty(slave, opened)).toBe("early\\x0a");
    closePair();
  });

  test("the master sees the slave's last close after its last words", () => {
    openPair();
    const second = <u32>ptyOpenSlave(pty, false);
    writeTty(slave, opened, "bye");
    ttyClose(slave, second);
    expect(ptyPoll(pty)).toBe(IN | OUT);
    watch(0, ptyReadQueue(pty));
    ttyClose(slave, opened);
    expect(woken(0)).toBe(true);
    unwatch(0);
    expect(ptyPoll(pty)).toBe(IN | OUT | HUP);
    expect(readMaster(pty)).toBe("bye");
    expect(readMaster(pty)).toBe(EIO);
    expect(ptyPoll(pty)).toBe(OUT | HUP);
    expect(writeMaster(pty, "x\n")).toBe(2);
    opened = <u32>ptyOpenSlave(pty, false);
    expect(ptyPoll(pty) & HUP).toBe(0);
    expect(readTty(slave, opened)).toBe("x\\x0a");
    closePair();
  });

  test("closing the master hangs the slave up", () => {
    openPair();
    callAs(10, 10);
    ttyClose(slave, opened);
    opened = <u32>ptyOpenSlave(pty, true);
    slave.foreground = 12;
    writeMaster(pty, "unread\n");
    watch(0, ttyReadQueue(slave));
    ttyRetain(slave);
    ptyCloseMaster(pty);
    expect(woken(0)).toBe(true);
    unwatch(0);
    expect(happened()).toBe("hang up 10 foreground 12; ");
    expect(instance.count).toBe(0);
    expect(readTty(slave, opened)).toBe("");
    expect(writeTty(slave, opened, "x")).toBe(-Errno.EIO);
    expect(ttyPoll(slave, opened)).toBe(IN | OUT | ERR | HUP);
    ttyClose(slave, opened);
    ttyRelease(slave);
    closeInstance();
  });

  test("an instance may go before its masters", () => {
    openPair();
    ptyInstanceFree(instance);
    expect(writeMaster(pty, "x\n")).toBe(2);
    ttyClose(slave, opened);
    ptyCloseMaster(pty);
    end();
  });

  test("input beyond a full line discipline waits, and goes on by itself", () => {
    openPair();
    setFlags(0, 0);
    expect(writeMaster(pty, "x".repeat(8000))).toBe(8000);
    expect(writeMaster(pty, "y".repeat(8000))).toBe(4095 + 8192 - 8000);
    expect(writeMaster(pty, "z")).toBe(-Errno.EAGAIN);
    expect(ptyPoll(pty) & OUT).toBe(0);
    watch(0, ptyWriteQueue(pty));
    expect(readTty(slave, opened, 4096)).toBe("x".repeat(4095));
    expect(woken(0)).toBe(true);
    unwatch(0);
    expect(readTty(slave, opened, 4096)).toBe("x".repeat(3905) + "y".repeat(190));
    expect(readTty(slave, opened, 4096)).toBe("y".repeat(4095));
    expect(readTty(slave, opened, 4096)).toBe("yy");
    expect(readTty(slave, opened, 4096)).toBe(EAGAIN);
    closePair();
  });

  test("output that nobody takes stops the writer; TCFLSH keeps what the master counts as received", () => {
    openPair();
    expect(writeTty(slave, opened, "x".repeat(8192))).toBe(8192);
    expect(writeTty(slave, opened, "y")).toBe(-Errno.EAGAIN);
    expect(ttyPoll(slave, opened)).toBe(0);
    expect(ttyFlush(slave, 1, 0)).toBe(0);
    expect(ptyReadableBytes(pty)).toBe(4095);
    expect(ttyFlush(slave, 3, 0)).toBe(-Errno.EINVAL);
    expect(ptyFlush(pty, 0)).toBe(0);
    expect(readMaster(pty)).toBe(EAGAIN);
    expect(ptyFlush(pty, 3)).toBe(-Errno.EINVAL);
    closePair();
  });

  test("a full output ring takes echoes when the master reads", () => {
    openPair();
    expect(writeTty(slave, opened, "x".repeat(8192))).toBe(8192);
    writeMaster(pty, "abc");
    expect(readMaster(pty, 4096)).toBe("x".repeat(4096));
    expect(readMaster(pty)).toBe("x".repeat(4096) + "abc");
    closePair();
  });

  test("keys signal the foreground group and drop what was typed", () => {
    openPair();
    slave.foreground = 12;
    writeMaster(pty, "abc");
    expect(happened()).toBe("");
    writeMaster(pty, "\x03");
    expect(happened()).toBe("signal 2 to 12; ");
    writeMaster(pty, "\x1c\x1a");
    expect(happened()).toBe("signal 3 to 12; signal 20 to 12; ");
    expect(readMaster(pty)).toBe("abc^C^Z");
    expect(ptySignal(pty, 2)).toBe(0);
    expect(happened()).toBe("signal 2 to 12; ");
    expect(ptySignal(pty, 1)).toBe(-Errno.EINVAL);
    slave.foreground = 0;
    writeMaster(pty, "\x03");
    expect(happened()).toBe("");
    closePair();
  });

  test("a new window size is told once", () => {
    openPair();
    slave.foreground = 12;
    ttySetWindow(slave, 24, 80, 0, 0);
    expect(happened()).toBe("signal 28 to 12; ");
    ttySetWindow(slave, 24, 80, 0, 0);
    expect(happened()).toBe("");
    expect(slave.rows).toBe(24);
    expect(slave.columns).toBe(80);
    closePair();
  });

  test("a pty keeps eight bits whatever is asked for", () => {
    openPair();
    memory.copy(attributes, changetype<usize>(slave.discipline.termios), TERMIOS2_BYTES);
    changetype<Termios>(attributes).cflag = 0o400 | 0o20 | 0o15;
    expect(ttySetAttributes(slave, attributes, SetWhen.Flush, 0)).toBe(0);
    expect(slave.discipline.termios.cflag).toBe(0o60 | 0o200 | 0o15);
    closePair();
  });

  test("TCXONC on the master stops its writes and types ^S and ^Q", () => {
    openPair();
    expect(ptyFlow(pty, 0, 0)).toBe(0);
    expect(writeMaster(pty, "x")).toBe(-Errno.EAGAIN);
    expect(ptyPoll(pty) & OUT).toBe(0);
    expect(ptyFlow(pty, 1, 0)).toBe(0);
    expect(writeMaster(pty, "x")).toBe(1);
    expect(ptyFlow(pty, 2, 0)).toBe(0);
    expect(writeTty(slave, opened, "out")).toBe(-Errno.EAGAIN);
    expect(ptyFlow(pty, 3, 0)).toBe(0);
    expect(writeTty(slave, opened, "out")).toBe(3);
    expect(ptyFlow(pty, 4, 0)).toBe(-Errno.EINVAL);
    closePair();
  });
});

describe("packet mode, as recorded on Linux", () => {
  test("data and status bytes", () => {
    openPair();
    ttyFlush(slave, 0, 0);
    ptySetPacket(pty, true);
    writeTty(slave, opened, "x");
    expect(readMaster(pty)).toBe("\\x00x");
    expect(readMaster(pty)).toBe(EAGAIN);
    ttyFlush(slave, 0, 0);
    expect(ptyPoll(pty)).toBe(IN | OUT | PRI);
    expect(readMaster(pty)).toBe("\\x01");
    expect(ptyPoll(pty)).toBe(OUT);
    ttyFlush(slave, 1, 0);
    expect(readMaster(pty)).toBe("\\x02");
    ttyFlush(slave, 2, 0);
    expect(readMaster(pty)).toBe("\\x03");
    ttyFlow(slave, 0);
    expect(readMaster(pty)).toBe("\\x04");
    ttyFlow(slave, 1);
    expect(readMaster(pty)).toBe("\\x08");
    ttyFlow(slave, 0);
    ttyFlow(slave, 1);
    expect(readMaster(pty)).toBe("\\x08");
    const lflag = slave.discipline.termios.lflag;
    setFlags(Iflag.ICRNL, lflag);
    expect(readMaster(pty)).toBe("\\x10");
    setFlags(Iflag.ICRNL | Iflag.IXON, lflag);
    expect(readMaster(pty)).toBe(" ");
    setFlags(Iflag.ICRNL | Iflag.IXON, lflag | Lflag.EXTPROC);
    expect(readMaster(pty)).toBe("@");
    setFlags(Iflag.ICRNL | Iflag.IXON, lflag);
    expect(readMaster(pty)).toBe("@");
    writeMaster(pty, "ab\x03");
    expect(readMaster(pty)).toBe("\\x03");
    expect(readMaster(pty)).toBe("\\x00^C");
    writeTty(slave, opened, "data");
    expect(readMaster(pty, 1)).toBe("\\x00");
    expect(readMaster(pty)).toBe("\\x00data");
    closePair();
  });

  test("turning it on forgets what was", () => {
    openPair();
    ttyFlow(slave, 0);
    ptySetPacket(pty, true);
    expect(readMaster(pty)).toBe(EAGAIN);
    ttyFlush(slave, 0, 0);
    ptySetPacket(pty, false);
    expect(readMaster(pty)).toBe(EAGAIN);
    expect(ptyPoll(pty)).toBe(OUT);
    closePair();
  });
});
