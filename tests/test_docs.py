"""The pages of docs/: all are linked, links lead somewhere, and the words are those of the glossary."""

import re
from pathlib import Path

import pytest

from house_words import house_words

HOME = Path(__file__).parents[1]
PAGES = [HOME / "README.md", HOME / "CONTRIBUTING.md", *sorted((HOME / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page):
    targets = [target for target in LINK.findall(page.read_text("utf-8")) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_page_is_linked_from_the_readme():
    linked = set(LINK.findall((HOME / "README.md").read_text("utf-8")))
    assert [page.name for page in PAGES[2:] if f"docs/{page.name}" not in linked] == []


def test_the_glossary_is_in_order_and_has_each_term_once():
    text = (HOME / "docs" / "glossary.md").read_text("utf-8")
    terms = re.findall(r"^\| \*\*(.+?)\*\* \|", text, re.MULTILINE)
    assert terms == sorted(set(terms))
    assert {"row", "label", "class", "group", "fold", "replicate", "run", "candidate", "bundle", "ledger"} <= set(terms)


TEMPLATES = sorted([*(HOME / "src").rglob("*.html"), *(HOME / "src").rglob("*.yaml")])


@pytest.mark.parametrize(
    "page", [*PAGES, HOME / "CHANGELOG.md", *TEMPLATES], ids=lambda page: str(page.relative_to(HOME))
)
def test_a_page_is_in_the_words_of_the_field(page):
    text = page.read_text("utf-8").replace("ladder mechanism of Blum & Hardt", "")
    assert house_words(text) == []
