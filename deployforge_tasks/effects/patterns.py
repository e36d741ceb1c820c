"""Looking for a regular expression in many lines, with an end: in a process of its own that can be killed.

A pattern such as ``(a+)+$`` needs longer than anybody waits, and nothing in this process could stop it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

from deployforge_tasks.core.errors import ConfigError

#: Flushes nothing and imports nothing but these two: it is there within a few hundredths of a second.
_SEARCH = """
import json, re, sys
pattern, lines = json.load(sys.stdin)
try:
    search = re.compile(pattern, re.IGNORECASE).search
except (re.error, OverflowError, RecursionError) as error:
    json.dump(str(error), sys.stdout)
else:
    found = ((place, search(line)) for place, line in enumerate(lines))
    json.dump([(place, *match.span()) for place, match in found if match], sys.stdout)
"""


def find(pattern: str, lines: Sequence[str], *, seconds: float) -> list[tuple[int, int, int]]:
    """Where a regular expression of Python's matches, whatever the case of letters.

    Args:
        pattern: the expression.
        lines: where to look.
        seconds: after which it is given up.

    Returns:
        For each line that matches: its place in `lines`, and where in it the first match begins and ends.

    Raises:
        ConfigError: it is no regular expression, or it takes too long.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _SEARCH],
            input=json.dumps([pattern, lines]).encode(),
            capture_output=True,
            timeout=seconds,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise ConfigError(
            f"the regular expression took longer than {seconds:g} s",
            hint="write it without repetitions inside repetitions such as `(a+)+`, or look for plain text",
            code="DF3801",
        ) from error
    except subprocess.CalledProcessError as error:  # out of memory, or deeper than the engine goes
        raise ConfigError(
            "the regular expression is too large", hint="make it shorter, or look for plain text", code="DF3802"
        ) from error
    found = json.loads(done.stdout)
    if isinstance(found, str):
        raise ConfigError(
            f"this is no regular expression: {found}",
            hint="put a backslash before characters that are meant as they are, or look for plain text",
            code="DF3803",
        )
    return [(place, start, end) for place, start, end in found]
