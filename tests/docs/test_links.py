"""What the documents point to is there."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from documents import DOCUMENTS, ROOT, relative

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```", re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def links(document: Path) -> list[str]:
    return _LINK.findall(_CODE.sub("", document.read_text(encoding="utf-8")))


def anchors(document: Path) -> set[str]:
    """The fragments of a document's headings as GitHub makes them."""
    headings = _HEADING.findall(_CODE.sub("", document.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_relative_links_lead_to_files_of_the_project(document: Path) -> None:
    for link in links(document):
        if "://" in link:
            continue
        target = (document.parent / unquote(link.partition("#")[0])).resolve() if not link.startswith("#") else document
        assert target.is_relative_to(ROOT), f"{link} leaves the project"
        assert target.exists(), f"{link} does not exist"


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_fragments_lead_to_headings(document: Path) -> None:
    for link in links(document):
        path, hash_, fragment = link.partition("#")
        if "://" in link or not hash_:
            continue
        target = document.parent / path if path else document
        assert fragment in anchors(target), f"{link}: there is no such heading"


def test_the_readme_shows_a_picture_and_the_two_commands_first() -> None:
    top = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## ")[0]
    assert "docs/images/start.png" in top
    assert "git clone" in top
    assert "\nmake demo\n" in top
