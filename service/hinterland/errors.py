"""The errors that a user can mend, and the exit status each one ends the command with."""

from __future__ import annotations


class HinterlandError(Exception):
    """Base of all errors whose message is meant for the user: it names the product and the way out."""

    exit_status = 1


class InputError(HinterlandError):
    """An input or an option cannot be used as it is."""

    exit_status = 2


class CapabilityError(HinterlandError):
    """What was asked for needs something that this machine lacks."""

    exit_status = 3


class NothingToDoError(HinterlandError):
    """The inputs are sound, but nothing can be made of them."""

    exit_status = 4
