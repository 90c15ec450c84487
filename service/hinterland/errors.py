"""The errors that a user can mend, and the exit status each one ends the command with."""

from __future__ import annotations


class HinterlandError(Exception):
    """Base of all errors whose message is meant for the user: it names the product and the way out."""

    exit_status = 1


class InputError(HinterlandError):
    """An input or an option cannot be used as it is."""

    exit_status = 2


class FormatError(InputError):
    """An input is of no kind that is read."""


class OutsideError(InputError):
    """An input names other files as its data."""


class TruncatedError(InputError):
    """An input has fewer bytes than it declares."""


class TooLargeError(InputError):
    """An input declares more than any real one has."""


class PlanTooLargeError(InputError):
    """An output would be larger than is ever made, or than the memory allows."""

    def __init__(self, message: str, needed_bytes: int | None = None) -> None:
        super().__init__(message)
        self.needed_bytes = needed_bytes
        """Memory that would be enough; None where no memory is."""


class CapabilityError(HinterlandError):
    """What was asked for needs something that this machine lacks."""

    exit_status = 3


class NothingToDoError(HinterlandError):
    """The inputs are sound, but nothing can be made of them."""

    exit_status = 4
