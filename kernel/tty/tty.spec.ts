import { Errno } from "../errno";
import {
  SetWhen,
  ttyDrain,
  ttyFlush,
  ttyForeground,
  ttyGiveUpControl,
  ttyInject,
  ttyLeaderExits,
  ttySession,
  ttySetAttributes,
  ttySetForeground,
  ttyTakeControl,
} from "./control";
import { Lflag, Termios, TERMIOS2_BYTES } from "./termios";
import {
  becomeAdministrator,
  becomeOrphaned,
  begin,
  bytesOf,
  callAs,
  end,
  happened,
  ignoreSignals,
  loseTerminal,
  readTty,
  terminal,
  unwatch,
  watch,
  woken,
  writeTty,
} from "./testing";
import {
  setTtyDriver,
  Tty,
  ttyClose,
  TtyEvent,
  ttyHangUp,
  ttyInput,
  ttyIsDrained,
  TtyKind,
  ttyNew,
  ttyOpen,
  ttyOutputQueued,
  ttyPoll,
  ttyReadQueue,
  ttyRelease,
  ttyTakeOutput,
  ttyWriteQueue,
} from "./tty";

const EIO = -Errno.EIO;
const EPERM = -Errno.EPERM;
const ENOTTY = -Errno.ENOTTY;
const RESTART = -Errno.ERESTARTSYS;
const out = memory.data(8192, 8);
const attributes = memory.data(44, 8);

let tty: Tty = changetype<Tty>(0);
let opened: u32 = 0;
let told: u32 = 0;

function driver(t: Tty, event: TtyEvent): void {
  told |= (<u32>1) << (<u32>event);
}

function wasTold(event: TtyEvent): bool {
  const yes = (told & ((<u32>1) << (<u32>event))) != 0;
  told = 0;
  return yes;
}

/** A serial line, opened by the leader of session 10, whose controlling terminal it becomes if `control`. */
function openLine(control: bool): void {
  begin();
  told = 0;
  tty = ttyNew(TtyKind.Line, 7, 0x440)!;
  setTtyDriver(tty, driver, 0);
  opened = <u32>ttyOpen(tty, control);
}

function closeLine(): void {
  tty.session = 0;
  ttyClose(tty, opened);
  ttyRelease(tty);
  end();
}

function setLflag(lflag: u32, when: SetWhen = SetWhen.Now): i64 {
  memory.copy(attributes, changetype<usize>(tty.discipline.termios), TERMIOS2_BYTES);
  changetype<Termios>(attributes).lflag = lflag;
  return ttySetAttributes(tty, attributes, when, 0);
}

describe("a terminal and its driver", () => {
  test("output waits for the driver", () => {
    openLine(false);
    expect(writeTty(tty, opened, "hello\n")).toBe(6);
    expect(wasTold(TtyEvent.Output)).toBe(true);
    expect(ttyOutputQueued(tty)).toBe(7);
    expect(ttyIsDrained(tty)).toBe(false);
    expect(ttyDrain(tty)).toBe(-Errno.EAGAIN);
    watch(0, ttyWriteQueue(tty));
    expect(ttyTakeOutput(tty, out, 100)).toBe(7);
    expect(woken(0)).toBe(true);
    unwatch(0);
    expect(ttyDrain(tty)).toBe(0);
    closeLine();
  });

  test("a flush drops what the driver has not taken", () => {
    openLine(false);
    writeTty(tty, opened, "hello");
    expect(ttyTakeOutput(tty, out, 2)).toBe(2);
    expect(ttyFlush(tty, 1, 0)).toBe(0);
    expect(ttyTakeOutput(tty, out, 100)).toBe(0);
    closeLine();
  });

  test("TCSADRAIN waits for output, TCSAFLUSH drops input as well", () => {
    openLine(false);
    writeTty(tty, opened, "hello");
    const lflag = tty.discipline.termios.lflag;
    ttyInput(tty, bytesOf("line\n"), 5, 0);
    expect(setLflag(0, SetWhen.Drain)).toBe(-Errno.EAGAIN);
    expect(tty.discipline.termios.lflag).toBe(lflag);
    ttyTakeOutput(tty, out, 100);
    expect(setLflag(lflag & ~(<u32>Lflag.ECHO), SetWhen.Drain)).toBe(0);
    expect(readTty(tty, opened)).toBe("line\\x0a");
    ttyInput(tty, bytesOf("line\n"), 5, 0);
    expect(setLflag(lflag, SetWhen.Flush)).toBe(0);
    expect(readTty(tty, opened)).toBe("-11");
    closeLine();
  });

  test("VTIME: any byte wakes a reader, poll waits for VMIN", () => {
    openLine(false);
    setLflag(0);
    memory.copy(attributes, changetype<usize>(tty.discipline.termios), TERMIOS2_BYTES);
    store<u8>(attributes + 17 + 6, 3); // VMIN
    ttySetAttributes(tty, attributes, SetWhen.Now, 0);
    watch(0, ttyReadQueue(tty));
    ttyInput(tty, bytesOf("a"), 1, 0);
    expect(woken(0)).toBe(true);
    expect(ttyPoll(tty, opened) & 0x41).toBe(0);
    ttyInput(tty, bytesOf("bc"), 2, 0);
    expect(ttyPoll(tty, opened) & 0x41).toBe(0x41);
    unwatch(0);
    closeLine();
  });

  test("exclusive use", () => {
    openLine(false);
    tty.exclusive = true;
    expect(ttyOpen(tty, false)).toBe(-Errno.EBUSY);
    becomeAdministrator(true);
    const second = ttyOpen(tty, false);
    expect(second).toBe(0);
    ttyClose(tty, <u32>second);
    expect(tty.exclusive).toBe(true);
    ttyClose(tty, opened);
    expect(wasTold(TtyEvent.Closed)).toBe(true);
    becomeAdministrator(false);
    opened = <u32>ttyOpen(tty, false);
    closeLine();
  });

  test("TIOCSTI is the administrator's", () => {
    openLine(true);
    expect(ttyInject(tty, 0x61, 0)).toBe(EIO);
    becomeAdministrator(true);
    expect(ttyInject(tty, 0x61, 0)).toBe(0);
    expect(ttyInject(tty, 0x0a, 0)).toBe(0);
    expect(readTty(tty, opened)).toBe("a\\x0a");
    closeLine();
  });

  test("a hang-up takes the terminal from who has it open, not from who opens it next", () => {
    openLine(true);
    setLflag(0);
    tty.foreground = 11;
    ttyInput(tty, bytesOf("abc"), 3, 0);
    ttyHangUp(tty);
    expect(happened()).toBe("hang up 10 foreground 11; ");
    expect(terminal).toBe(0);
    expect(readTty(tty, opened)).toBe("");
    expect(writeTty(tty, opened, "x")).toBe(EIO);
    expect(ttyPoll(tty, opened)).toBe(0x15d);
    const next = <u32>ttyOpen(tty, true);
    expect(terminal).toBe(changetype<usize>(tty));
    expect(tty.session).toBe(10);
    expect((tty.discipline.termios.lflag & Lflag.ICANON) != 0).toBe(true);
    ttyInput(tty, bytesOf("line\n"), 5, 0);
    expect(readTty(tty, next)).toBe("line\\x0a");
    ttyClose(tty, opened);
    expect(tty.opens).toBe(1);
    opened = next;
    closeLine();
  });
});

describe("controlling terminals", () => {
  test("the first terminal that a session leader opens", () => {
    openLine(true);
    expect(terminal).toBe(changetype<usize>(tty));
    expect(tty.session).toBe(10);
    expect(tty.foreground).toBe(10);
    expect(ttySession(tty, false)).toBe(10);
    expect(ttyForeground(tty, false)).toBe(10);
    closeLine();
  });

  test("not with O_NOCTTY, not for others than leaders, not a second one", () => {
    openLine(false);
    expect(terminal).toBe(0);
    callAs(11, 10);
    ttyClose(tty, <u32>ttyOpen(tty, true));
    expect(tty.session).toBe(0);
    callAs(10, 10);
    tty.session = 20;
    ttyClose(tty, <u32>ttyOpen(tty, true));
    expect(tty.session).toBe(20);
    expect(terminal).toBe(0);
    closeLine();
  });

  test("TIOCSCTTY", () => {
    openLine(false);
    callAs(11, 10);
    expect(ttyTakeControl(tty, false, true)).toBe(EPERM);
    callAs(10, 10);
    expect(ttyTakeControl(tty, false, false)).toBe(EPERM);
    expect(ttyTakeControl(tty, false, true)).toBe(0);
    expect(tty.session).toBe(10);
    expect(ttyTakeControl(tty, false, true)).toBe(0);
    callAs(20, 20);
    loseTerminal();
    expect(ttyTakeControl(tty, false, true)).toBe(EPERM);
    expect(ttyTakeControl(tty, true, true)).toBe(EPERM);
    becomeAdministrator(true);
    expect(ttyTakeControl(tty, false, true)).toBe(EPERM);
    expect(ttyTakeControl(tty, true, true)).toBe(0);
    expect(happened()).toBe("detach 10; ");
    expect(tty.session).toBe(20);
    expect(tty.foreground).toBe(20);
    closeLine();
  });

  test("TIOCNOTTY by a member and by the leader", () => {
    openLine(true);
    tty.foreground = 12;
    callAs(11, 10);
    expect(ttyGiveUpControl(tty)).toBe(0);
    expect(tty.session).toBe(10);
    expect(happened()).toBe("");
    expect(ttyGiveUpControl(tty)).toBe(ENOTTY);
    callAs(10, 10);
    expect(ttyTakeControl(tty, false, true)).toBe(0);
    loseTerminal();
    expect(ttyForeground(tty, false)).toBe(ENOTTY);
    expect(ttyForeground(tty, true)).toBe(12);
    expect(ttySession(tty, false)).toBe(ENOTTY);
    expect(ttySession(tty, true)).toBe(10);
    tty.session = 0;
    expect(ttySession(tty, true)).toBe(ENOTTY);
    expect(ttyTakeControl(tty, false, true)).toBe(0);
    tty.foreground = 12;
    expect(ttyGiveUpControl(tty)).toBe(0);
    expect(happened()).toBe("signal 1 to 12; signal 18 to 12; detach 10; ");
    expect(tty.session).toBe(0);
    expect(tty.foreground).toBe(0);
    closeLine();
  });

  test("the end of the leader hangs a line up", () => {
    openLine(true);
    tty.foreground = 12;
    ttyLeaderExits(tty);
    expect(happened()).toBe("signal 1 to 12; detach 10; ");
    expect(tty.session).toBe(0);
    expect(readTty(tty, opened)).toBe("");
    closeLine();
  });

  test("TIOCSPGRP", () => {
    openLine(true);
    expect(ttySetForeground(tty, 12)).toBe(0);
    expect(tty.foreground).toBe(12);
    callAs(12, 10);
    expect(ttySetForeground(tty, -1)).toBe(-Errno.EINVAL);
    expect(ttySetForeground(tty, 99)).toBe(-Errno.ESRCH);
    expect(ttySetForeground(tty, 20)).toBe(EPERM);
    callAs(11, 10);
    expect(ttySetForeground(tty, 11)).toBe(RESTART);
    expect(happened()).toBe("signal 22 to 11; ");
    becomeOrphaned(true);
    expect(ttySetForeground(tty, 11)).toBe(ENOTTY);
    ignoreSignals(true);
    expect(ttySetForeground(tty, 11)).toBe(0);
    loseTerminal();
    expect(ttySetForeground(tty, 11)).toBe(ENOTTY);
    expect(happened()).toBe("");
    closeLine();
  });
});

describe("job control", () => {
  test("reading from the background", () => {
    openLine(true);
    ttyInput(tty, bytesOf("line\n"), 5, 0);
    callAs(11, 10);
    expect(readTty(tty, opened)).toBe(RESTART.toString());
    expect(happened()).toBe("signal 21 to 11; ");
    becomeOrphaned(true);
    expect(readTty(tty, opened)).toBe(EIO.toString());
    becomeOrphaned(false);
    ignoreSignals(true);
    expect(readTty(tty, opened)).toBe(EIO.toString());
    expect(happened()).toBe("");
    callAs(10, 10);
    expect(readTty(tty, opened)).toBe("line\\x0a");
    closeLine();
  });

  test("writing from the background is free without TOSTOP", () => {
    openLine(true);
    callAs(11, 10);
    expect(writeTty(tty, opened, "x")).toBe(1);
    tty.discipline.termios.lflag |= Lflag.TOSTOP;
    expect(writeTty(tty, opened, "x")).toBe(RESTART);
    expect(happened()).toBe("signal 22 to 11; ");
    ignoreSignals(true);
    expect(writeTty(tty, opened, "x")).toBe(1);
    ignoreSignals(false);
    becomeOrphaned(true);
    expect(writeTty(tty, opened, "x")).toBe(EIO);
    closeLine();
  });

  test("changing the terminal from the background", () => {
    openLine(true);
    const lflag = tty.discipline.termios.lflag;
    callAs(11, 10);
    expect(setLflag(0)).toBe(RESTART);
    expect(ttyFlush(tty, 2, 0)).toBe(RESTART);
    expect(ttyDrain(tty)).toBe(RESTART);
    expect(happened()).toBe("signal 22 to 11; signal 22 to 11; signal 22 to 11; ");
    expect(tty.discipline.termios.lflag).toBe(lflag);
    ignoreSignals(true);
    expect(setLflag(0)).toBe(0);
    closeLine();
  });

  test("no rule binds processes with another terminal or none", () => {
    openLine(true);
    callAs(20, 20);
    loseTerminal();
    ttyInput(tty, bytesOf("line\n"), 5, 0);
    expect(readTty(tty, opened)).toBe("line\\x0a");
    expect(setLflag(0)).toBe(0);
    closeLine();
  });
});
