"""What can go wrong, by whose fault it is; turned into one sentence and an exit status at the edges only."""

from __future__ import annotations


class ToolreelError(Exception):
    """Something that the person at the keyboard should read: which, what, what to do, in one sentence."""

    exit_status = 70
    """The exit status of the command, after BSD sysexits where one fits."""


class CommandError(ToolreelError):
    """The command was given something that cannot work: a name, an option, a program that is not there."""

    exit_status = 2


class CommandNotFoundError(CommandError):
    """The COMMAND after `--` cannot be started."""

    exit_status = 127


class CassetteError(ToolreelError):
    """A cassette is missing or broken."""

    exit_status = 65


class UpstreamError(ToolreelError):
    """The upstream did not answer."""

    exit_status = 69


class MachineError(ToolreelError):
    """The machine said no: a disk, a port, a lock."""

    exit_status = 74


MISSES = 3
"""Exit status of a replay with misses."""

UNPLAYED = 4
"""Exit status of a replay in which something that must be played was not."""

FINDINGS = 1
"""Exit status of an audit, of lint and of diff if they found something."""
