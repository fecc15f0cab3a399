"""Random terminal sessions on Linux: python3 tests/tty/fuzz.py COUNT > kernel/tty/ldisc/fuzz-recorded.ts
Session number n is wholly determined by n; kernel/tty/ldisc/fuzz.spec.ts plays the same sessions on the line discipline and compares a
hash of all that came out. With --show N it prints the transcript of session N instead. The generator below and the one in
kernel/tty/ldisc/fuzz.ts are the same, call for call."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from linux_pty import CC, IFLAG, IFLAGS, LFLAG, LFLAGS, OFLAG, OFLAGS, Pty, become_session_leader

OPERATIONS = 40
ALPHABET = (b"aabcdeexyzABZ019  __.,;/" b"\t\t\t\t\n\n\n\r\r\x7f\x7f\x7f\x7f\x7f\x17\x17\x15\x12\x16\x16\x04\x04\x03\x1c\x1a\x11\x11\x13\x08\x01\x1b"
            b"\xc3\xa9\xe2\x82\xac\xff\x80\x00\xe9\xdf")
FLIP_I = [IFLAGS[f] for f in "ISTRIP INLCR IGNCR ICRNL IUCLC IXON IXANY IUTF8 PARMRK IMAXBEL".split()]
FLIP_O = [OFLAGS[f] for f in "OPOST OLCUC ONLCR OCRNL ONOCR ONLRET XTABS".split()]
FLIP_L = [LFLAGS[f] for f in "ISIG ICANON ECHO ECHOE ECHOK ECHONL NOFLSH ECHOCTL ECHOPRT ECHOKE IEXTEN".split()]
CHANGED = [CC[c] for c in "VINTR VQUIT VERASE VKILL VEOF VMIN VSTART VSTOP VSUSP VEOL VREPRINT VWERASE VLNEXT VEOL2".split()]


class Session:
    def __init__(self, number, show):
        self.state = (number * 2654435761 + 1) & 0xFFFFFFFF
        self.hash = 0x811C9DC5
        self.show = show

    def below(self, n):
        x = self.state
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        self.state = x
        return (x >> 8) % n

    def flags(self, base, flips, chance):
        for flip in flips:
            if self.below(chance) == 0:
                base ^= flip
        return base

    def text(self, longest):
        return bytes(ALPHABET[self.below(len(ALPHABET))] for _ in range(1 + self.below(longest)))

    def number(self, what, value):
        self.note(what, (value & 0xFFFFFFFF).to_bytes(4, "little"))

    def note(self, what, data):
        if self.show:
            print(what, data)
        for c in data:
            self.hash = ((self.hash ^ c) * 0x01000193) & 0xFFFFFFFF

    def mode(self):
        base = self.below(4)
        chance = 6 if base < 3 else 2
        if base == 1:
            flags = (0, 0, 0)
        else:
            flags = (IFLAG, OFLAG, LFLAG)
        if base == 0:
            chance = 1 << 20
        iflag = self.flags(flags[0], FLIP_I, chance)
        oflag = self.flags(flags[1], FLIP_O, chance)
        lflag = self.flags(flags[2], FLIP_L, chance)
        if self.below(20) == 0:
            lflag |= LFLAGS["EXTPROC"]
        if self.show:
            print("mode %x %x %x" % (iflag, oflag, lflag))
        self.pty.mode(iflag, oflag, lflag)
        while self.below(3) == 0:
            index = CHANGED[self.below(len(CHANGED))]
            value = ALPHABET[self.below(len(ALPHABET))]
            if index == CC["VMIN"]:
                value &= 31  # Linux copies in pieces of 64 bytes and forgets about a VMIN above that
            if self.show:
                print("character", index, value)
            self.pty.character(index, value)

    def step(self):
        operation = self.below(16)
        if operation < 7:
            text = self.text(20)
            if self.show:
                print("type", text)
            self.number("typed", self.pty.type(text))
        elif operation < 9:
            text = self.text(16)
            if self.show:
                print("write", text)
            self.number("written", self.pty.write(text))
        elif operation < 13:
            data = self.pty.read(1 + self.below(30) if operation < 12 else 200)
            self.number("read", -11 if data is None else len(data))
            self.note("data", data or b"")
        elif operation == 13:
            self.number("readable", self.pty.readable())
        elif operation == 14:
            self.mode()
        else:
            which = self.below(6)
            if self.show:
                print("control", which)
            if which < 2:
                self.pty.flush(0)
            else:
                self.pty.flow(which - 2)
        self.note("shown", self.pty.shown())
        self.note("signals", self.pty.signals().encode())

    def run(self, settle):
        self.pty = Pty(settle)
        for _ in range(OPERATIONS):
            self.step()
        self.pty.close()
        return self.hash


def record(number):
    """The hash that two runs agree on: a busy machine can be slower than we wait."""
    settle = 0.0015
    seen = set()
    while True:
        h = Session(number, False).run(settle)
        if h in seen:
            return h
        seen.add(h)
        settle *= 1.5


if __name__ == "__main__":
    become_session_leader()
    if sys.argv[1] == "--show":
        Session(int(sys.argv[2]), True).run(0.005)
        sys.exit()
    hashes = [record(n) for n in range(int(sys.argv[1]))]
    print("// Generated by tests/tty/fuzz.py on Linux %s: do not edit. One hash for each session." % os.uname().release.split("-")[0])
    print("\nexport const RECORDED_SESSIONS: u32 = %d;\n// prettier-ignore\nexport const recordedHashes = memory.data<u32>([" % len(hashes))
    for i in range(0, len(hashes), 10):
        print("  " + " ".join("0x%08x," % h for h in hashes[i:i + 10]))
    print("]);")
