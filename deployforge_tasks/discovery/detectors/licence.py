"""The licence that a LICENSE file is, by what such a text always says."""

from __future__ import annotations

import re

from deployforge_tasks.discovery.findings import Findings, Notes, Rank
from deployforge_tasks.discovery.tree import Tree

# SPDX identifier <- words of the text that no other licence has together (https://spdx.org/licenses/).
_TEXTS = (
    ("AGPL-3.0-only", "GNU AFFERO GENERAL PUBLIC LICENSE"),
    ("LGPL-3.0-only", r"GNU LESSER GENERAL PUBLIC LICENSE\s+Version 3"),
    ("LGPL-2.1-only", r"GNU LESSER GENERAL PUBLIC LICENSE\s+Version 2\.1"),
    ("GPL-3.0-only", r"GNU GENERAL PUBLIC LICENSE\s+Version 3"),
    ("GPL-2.0-only", r"GNU GENERAL PUBLIC LICENSE\s+Version 2"),
    ("Apache-2.0", r"Apache License,?\s+Version 2\.0"),
    ("MPL-2.0", r"Mozilla Public License,?\s+Version 2\.0|Mozilla Public License Version 2\.0"),
    ("BSL-1.0", r"Boost Software License - Version 1\.0"),
    ("Unlicense", "free and unencumbered software released into the public domain"),
    ("BSD-3-Clause", r"Redistribution and use in source and binary forms[\s\S]*Neither the name"),
    ("BSD-2-Clause", "Redistribution and use in source and binary forms"),
    ("ISC", "Permission to use, copy, modify, and/or distribute this software for any purpose"),
    ("MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy"),
)
_OWNER = re.compile(
    r"^\s*Copyright\s+(?:\(c\)|©)?\s*((?:\d{4}[-, ]*)*(?P<name>[^\d\n<.][^\n<]*?))\s*(?:<.*)?\.?$",
    re.MULTILINE | re.IGNORECASE,
)


def detect(tree: Tree) -> Findings:
    """The licence files at the top: the one for everybody, and a commercial one."""
    notes = Notes()
    for path in tree.matching(r"(?:LICEN[CS]E|COPYING|UNLICENSE)(?:[-.][\w.-]+)?"):
        if re.search(r"commercial|private|pro\b", path, re.IGNORECASE):
            if "commercial" in path.lower():
                notes.fact("license.commercial", path, path)
            continue
        text = tree.read(path) or ""
        spdx = next((name for name, words in _TEXTS if re.search(words, text, re.IGNORECASE)), None)
        if spdx is None:
            continue
        notes.fact(
            "license", spdx, path, Rank.FILE if path.lower().startswith(("license", "licence")) else Rank.MENTION
        )
        notes.fact("license.file", path, path)
        owner = _OWNER.search(text) if spdx in ("MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause") else None
        if owner:
            notes.fact("author.name", owner["name"].strip(), tree.place(path, r"(?i)^\s*Copyright"), Rank.MENTION)
            notes.fact("author.copyright", owner[1].strip(), tree.place(path, r"(?i)^\s*Copyright"))
    return notes.done()
