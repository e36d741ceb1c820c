"""Every error that DeployForge raises on purpose.

DeployForgeError
 ├─ ConfigError         DF1xxx  exit 3   deployforge.yml (collects every problem)
 │   └─ VersionError    DF1012  exit 3   a version that a platform's own spelling has no words for
 ├─ CredentialError     DF2xxx  exit 4   missing, refused or ended credentials
 ├─ PreflightError      DF3xxx  exit 5   a check before publishing failed, a tool is missing
 ├─ ProgramError        DF309x  exit 5   a program that was run failed
 │   └─ ProgramTimeoutError DF3090 exit 5   it did not end and was stopped
 ├─ ArtifactError       DF31xx  exit 5   a release file is missing, changed or not what it should be
 ├─ AccessError         DF35xx  exit 4   somebody may not do what they ask for
 ├─ PublishError        DF4xxx  exit 1   a platform refused
 │   └─ ConflictError   DF41xx  exit 1   the version is there with other content
 ├─ NetworkError        DF45xx  exit 6   no usable answer (retryable)
 │   └─ StatusError     DF46xx  exit 6   an answer with a status nobody expected
 ├─ VerifyError         DF5xxx  exit 7   published, but a clean client cannot run it
 ├─ RollbackError       DF55xx  exit 8   a rollback could not be completed
 └─ InternalError       DF9xxx  exit 70

A message is one sentence without a full stop; `hint` tells what to do next. Raised with typed fields, shown
only by the surfaces. Platform and stage are filled in once, by the stage that runs the platform.
"""

from __future__ import annotations

from collections.abc import Collection


class DeployForgeError(Exception):
    """An error with a next step."""

    code = "DF9000"
    exit_code = 70
    retryable = False

    def __init__(
        self,
        message: str,
        *,
        hint: str,
        code: str | None = None,
        platform: str | None = None,
        stage: str | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or type(self).code
        self.platform = platform
        self.stage = stage
        self.url = url

    def as_json(self) -> dict[str, str | None]:
        """The error as the ``error`` object of ``--json`` output."""
        return {
            "id": self.code,
            "message": self.message,
            "hint": self.hint,
            "platform": self.platform,
            "stage": self.stage,
            "url": self.url,
        }


class ConfigError(DeployForgeError):
    """The configuration cannot be used."""

    code = "DF1000"
    exit_code = 3


class VersionError(ConfigError, ValueError):
    """A version cannot be written in the way of an ecosystem."""

    code = "DF1012"


class CredentialError(DeployForgeError):
    """A credential is missing, malformed or refused."""

    code = "DF2000"
    exit_code = 4


class PreflightError(DeployForgeError):
    """Something that must hold before publishing does not hold."""

    code = "DF3000"
    exit_code = 5


class ArtifactError(PreflightError):
    """A release file is missing, changed since it was frozen, or not what it should be."""

    code = "DF3100"


class ProgramError(DeployForgeError):
    """A program that was run failed; what it was asked to do may have been done."""

    code = "DF3091"
    exit_code = 5


class ProgramTimeoutError(ProgramError):
    """A program did not end in time and was stopped."""

    code = "DF3090"


class AccessError(DeployForgeError):
    """Somebody may not do what they ask for, or cannot be told to be who they say."""

    code = "DF3500"
    exit_code = 4


class PublishError(DeployForgeError):
    """A platform refused what we sent."""

    code = "DF4000"
    exit_code = 1


class ConflictError(PublishError):
    """The version is already there with other content."""

    code = "DF4100"


class NetworkError(DeployForgeError):
    """No usable answer: refused, timed out, cut off. Says nothing about what the other side did."""

    code = "DF4500"
    exit_code = 6
    retryable = True
    retry_after = 0.0


class StatusError(NetworkError):
    """An HTTP answer with a status that the caller did not expect.

    `status` is the HTTP status, `body` the first 500 characters of the answer, already redacted, `retry_after` the
    seconds that the server asks to wait.
    Retryable for 408, 425, 429 and 5xx.
    """

    code = "DF4600"

    def __init__(
        self, message: str, *, hint: str, status: int, body: str = "", url: str | None = None, retry_after: float = 0.0
    ) -> None:
        super().__init__(message, hint=hint, url=url)
        self.status = status
        self.body = body
        self.retry_after = retry_after
        if status in (401, 403):
            self.exit_code = CredentialError.exit_code
        self.retryable = status in (408, 425, 429) or status >= 500


class VerifyError(DeployForgeError):
    """It is published, but a clean client cannot install and run it."""

    code = "DF5000"
    exit_code = 7


class RollbackError(DeployForgeError):
    """A rollback could not be completed."""

    code = "DF5500"
    exit_code = 8


class InternalError(DeployForgeError):
    """A fault in DeployForge itself."""

    code = "DF9000"


def common_exit_code(codes: Collection[int]) -> int:
    """The exit code for several failures: theirs when they are of one class, else 1; 0 when there is none."""
    different = set(codes)
    return 0 if not different else different.pop() if len(different) == 1 else 1
