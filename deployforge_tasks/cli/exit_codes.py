"""The exit codes, in one place: help, documentation and tests read this table."""

from __future__ import annotations

OK = 0
FAILED = 1
USAGE = 2
NO_ANSWER = 6
WAITING = 9
DEGRADED = 10
INTERNAL = 70
INTERRUPTED = 130
READER_GONE = 141
TERMINATED = 143

EXIT_CODES: dict[int, str] = {
    OK: "all done, or nothing to do",
    FAILED: "at least one platform failed",
    USAGE: "the command line cannot be understood",
    3: "the configuration is invalid",
    4: "a credential is missing, refused or over",
    5: "a check before publishing failed, or a tool is missing",
    NO_ANSWER: "no usable answer from a network or a registry; worth trying again",
    7: "published, but a clean client cannot install or run it",
    8: "a rollback is incomplete",
    WAITING: "something waits for a registry or a person (only with --strict)",
    DEGRADED: "done, but a platform that is not required failed (only with --strict)",
    INTERNAL: "a fault in DeployForge itself; a report was written",
    INTERRUPTED: "interrupted (Ctrl-C)",
    READER_GONE: "whoever read the output went away",
    TERMINATED: "terminated (SIGTERM)",
}


def as_text() -> str:
    """The table as people read it."""
    lines = ["Exit codes", ""]
    lines += [f"  {code:>3}  {meaning}" for code, meaning in EXIT_CODES.items()]
    lines += [
        "",
        "When several platforms failed in the same way, that way's code; when they failed in different ways, 1.",
        "A platform whose checks before publishing found nothing but credentials to put right fails with 4; with",
        "anything else among it, with 5. Codes of platforms that are not required do not count.",
        "`--json` tells the outcome of each platform; scripts should read it.",
    ]
    return "\n".join(lines)
