"""The errors that Glutea shows to its users.

Everything here is a condition that the user can mend. The command line prints ``str(error)`` as
one line and ends with exit code 2; the window shows the same sentence. Faults of our own stay
ordinary exceptions (exit code 1).
"""


class GluteaError(Exception):
    """The user's mistake, or a condition that the user can mend.

    The message is one sentence, in a lecturer's words: what is wrong and what to do about it.
    """


class DownloadError(GluteaError):
    """A file could not be fetched (no network, no such mirror); trying again may help."""


class DamagedFileError(GluteaError):
    """A file is not what it should be (wrong hash, cut short); it must be fetched or built anew."""
