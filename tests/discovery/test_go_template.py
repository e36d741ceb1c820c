"""Go's templates, as far as names of release files use them."""

from __future__ import annotations

import pytest

from deployforge_tasks.discovery.go_template import UnknownTemplate, fill

FIELDS = {"ProjectName": "elk", "Os": "linux", "Arch": "amd64", "Arm": "", "Version": "1.0.0"}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ .ProjectName }}_{{.Os}}", "elk_linux"),
        ("{{ title .Os }}", "Linux"),
        ("{{ .Os | title }}", "Linux"),
        ("{{ .Arch | toupper }}", "AMD64"),
        ('{{ replace .Arch "amd64" "x86_64" }}', "x86_64"),
        ('{{ if eq .Arch "amd64" }}x86_64{{ else }}{{ .Arch }}{{ end }}', "x86_64"),
        ('{{ if eq .Arch "386" }}i386{{ else if eq .Arch "amd64" }}64{{ else }}{{ .Arch }}{{ end }}', "64"),
        ('{{ if and (eq .Os "linux") (ne .Arch "386") }}a{{ end }}', "a"),
        ("{{ if not .Arm }}plain{{ end }}", "plain"),
        ("{{ if .Arm }}v{{ .Arm }}{{ end }}", ""),
        ("{{ with .Arm }}v{{ . }}{{ end }}x", "x"),
        ("{{ with .Os }}{{ . }}{{ end }}", "linux"),
        ("a_ {{- .Os -}} _b", "a_linux_b"),
        ("plain", "plain"),
        ("{{ if .Arm }}{{ unknown .Os }}{{ end }}ok", "ok"),
    ],
)
def test_filled(template: str, text: str) -> None:
    assert fill(template, FIELDS) == text


@pytest.mark.parametrize("template", ["{{ .Date }}", "{{ incpatch .Version }}", "{{ if .Os }}x", "{{ end }}", "{{ }}"])
def test_what_is_not_known_is_said_and_never_guessed(template: str) -> None:
    with pytest.raises(UnknownTemplate):
        fill(template, FIELDS)
