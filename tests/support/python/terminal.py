"""Runs a program on a terminal of its own, 80 columns by 24 lines: python terminal.py SECONDS KEYS PROGRAM ARGUMENT...

After SECONDS it makes the terminal 110 by 40, waits a little, and types KEYS. Prints one line of JSON: the exit code, all
that the program wrote, how much of it was written before the change of size, and whether the terminal's settings are again
as they were.
"""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

seconds, keys, program = float(sys.argv[1]), sys.argv[2], sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    # Not before there is a size.
    sys.stdin.readline()
    os.execvp(program[0], program)


def resize(columns: int, lines: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


written = b""


def read(until: float) -> None:
    global written
    while time.monotonic() < until:
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        try:
            data = os.read(terminal, 65536)
        except OSError:
            return
        if not data:
            return
        written += data


resize(80, 24)
before = termios.tcgetattr(terminal)
os.write(terminal, b"\n")
read(time.monotonic() + seconds)
small = len(written.decode(errors="replace"))
resize(110, 40)
os.kill(pid, signal.SIGWINCH)
read(time.monotonic() + 1)
os.write(terminal, keys.encode())
read(time.monotonic() + 5)
after = termios.tcgetattr(terminal)
status = os.waitpid(pid, 0)[1]
text = written.decode(errors="replace")
print(json.dumps({"code": os.waitstatus_to_exitcode(status), "text": text, "small": small, "restored": after[:4] == before[:4]}))
