"""A pty of the Linux this runs on, driven step by step: what is typed into the master, written and read on the slave, and what comes out."""

import fcntl
import os
import select
import signal
import struct
import time

IFLAGS = dict(IGNBRK=1, BRKINT=2, IGNPAR=4, PARMRK=8, INPCK=0x10, ISTRIP=0x20, INLCR=0x40, IGNCR=0x80, ICRNL=0x100, IUCLC=0x200,
              IXON=0x400, IXANY=0x800, IXOFF=0x1000, IMAXBEL=0x2000, IUTF8=0x4000)
OFLAGS = dict(OPOST=1, OLCUC=2, ONLCR=4, OCRNL=8, ONOCR=0x10, ONLRET=0x20, XTABS=0x1800)
LFLAGS = dict(ISIG=1, ICANON=2, ECHO=8, ECHOE=0x10, ECHOK=0x20, ECHONL=0x40, NOFLSH=0x80, TOSTOP=0x100, ECHOCTL=0x200,
              ECHOPRT=0x400, ECHOKE=0x800, IEXTEN=0x8000, EXTPROC=0x10000)
CC = dict(VINTR=0, VQUIT=1, VERASE=2, VKILL=3, VEOF=4, VTIME=5, VMIN=6, VSTART=8, VSTOP=9, VSUSP=10, VEOL=11, VREPRINT=12,
          VWERASE=14, VLNEXT=15, VEOL2=16)
IFLAG = IFLAGS["ICRNL"] | IFLAGS["IXON"]
OFLAG = OFLAGS["OPOST"] | OFLAGS["ONLCR"]
LFLAG = sum(LFLAGS[f] for f in "ISIG ICANON ECHO ECHOE ECHOK ECHOCTL ECHOKE IEXTEN".split())
TCGETS, TCSETS, TCXONC, TCFLSH, FIONREAD = 0x5401, 0x5402, 0x540A, 0x540B, 0x541B
TIOCSCTTY, TIOCSPTLCK, TIOCGPTN = 0x540E, 0x40045431, 0x80045430

caught = []


def become_session_leader():
    """Must run once before the first Pty, in a process of its own, so that signals come to it."""
    child = os.fork()  # a group leader cannot make a session
    if child:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    os.setsid()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for number, letter in ((signal.SIGINT, "i"), (signal.SIGQUIT, "q"), (signal.SIGTSTP, "s")):
        signal.signal(number, lambda *_, letter=letter: caught.append(letter))


class Pty:
    def __init__(self, settle=0.002):
        self.settle = settle
        self.master = os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        fcntl.ioctl(self.master, TIOCSPTLCK, struct.pack("i", 0))
        number = struct.unpack("i", fcntl.ioctl(self.master, TIOCGPTN, b"\0" * 4))[0]
        self.slave = os.open("/dev/pts/%d" % number, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        fcntl.ioctl(self.slave, TIOCSCTTY, 1)
        self.master_poll, self.slave_poll = select.poll(), select.poll()
        self.master_poll.register(self.master, select.POLLIN)
        self.slave_poll.register(self.slave, select.POLLIN)
        caught.clear()

    def close(self):
        os.close(self.slave)
        os.close(self.master)

    def attributes(self):
        raw = fcntl.ioctl(self.slave, TCGETS, b"\0" * 36)
        return list(struct.unpack("4I", raw[:16])), bytearray(raw[17:36])

    def set(self, flags, characters, command=TCSETS):
        fcntl.ioctl(self.slave, command, struct.pack("4IB", *flags, 0) + bytes(characters))

    def mode(self, iflag, oflag, lflag, command=TCSETS):
        flags, characters = self.attributes()
        self.set([iflag, oflag, flags[2], lflag], characters, command)

    def character(self, index, value):
        flags, characters = self.attributes()
        characters[index] = value
        self.set(flags, characters)

    def sync(self):
        self.slave_poll.poll(0)  # flushes the work queue when no input is ready
        time.sleep(self.settle)

    def type(self, text):
        try:
            n = os.write(self.master, text)
        except BlockingIOError:
            n = 0
        self.sync()
        return n

    def write(self, text):
        try:
            return os.write(self.slave, text)
        except BlockingIOError:
            return 0

    def shown(self):
        out = b""
        while self.master_poll.poll(0):
            piece = os.read(self.master, 65536)
            if not piece:
                break
            out += piece
        return out

    def read(self, count):
        try:
            return os.read(self.slave, count)
        except BlockingIOError:
            return None

    def readable(self):
        return struct.unpack("i", fcntl.ioctl(self.slave, FIONREAD, b"\0" * 4))[0]

    def flush(self, which):
        fcntl.ioctl(self.slave, TCFLSH, which)

    def flow(self, which):
        fcntl.ioctl(self.slave, TCXONC, which)

    def signals(self):
        s = "".join(x for x in "iqs" if x in caught)
        caught.clear()
        return s
